# SPDX-License-Identifier: Apache-2.0
"""Ways to say what a host can compute, one a file; each is a plug-in of ``kwranking.estimators``."""
