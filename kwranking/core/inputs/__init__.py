# SPDX-License-Identifier: Apache-2.0
"""What hosts really tell of their processors, one way a file. Each takes text or JSON and gives facts; none raises."""
