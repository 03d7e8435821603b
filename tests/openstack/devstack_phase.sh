# SPDX-License-Identifier: Apache-2.0
# devstack_phase.sh LOCALRC MODE [PHASE]
# One phase of stack.sh, or unstack.sh or clean.sh, with the suite's plugin and nothing else. LOCALRC sets the variables
# that DevStack would have set by then.

set -o errexit

# shellcheck source=/dev/null
source "$1"
shift
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=devstack_shim.sh
source "$here/devstack_shim.sh"
# shellcheck source=../../devstack/settings
source "$here/../../devstack/settings"
# shellcheck source=../../devstack/plugin.sh
source "$here/../../devstack/plugin.sh" "$@"
