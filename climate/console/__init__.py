# SPDX-License-Identifier: Apache-2.0
"""Pages for people, and the libraries that they need, as files; services send them as they are."""
