# SPDX-License-Identifier: Apache-2.0
"""What any REST service stands on: the WSGI stack around an application, and resources for Pecan to find."""
