# SPDX-License-Identifier: Apache-2.0
# The suite on a DevStack, which sources this with a mode (stack, unstack, clean) and, where it stacks, with a phase.

# shellcheck source=lib/climate
source "$CLIMATE_DIR/devstack/lib/climate"
# shellcheck source=lib/kwapi
source "$CLIMATE_DIR/devstack/lib/kwapi"
# shellcheck source=lib/nova-scheduler
source "$CLIMATE_DIR/devstack/lib/nova-scheduler"

if is_service_enabled climate kwapi; then
    case "$1 ${2:-}" in
        "stack pre-install")
            check_climate_prerequisites
            ;;
        "stack install")
            echo_summary "Installing the Climate suite"
            setup_develop "$CLIMATE_DIR"
            ;;
        "stack post-config")
            echo_summary "Configuring the Climate suite"
            configure_climate
            configure_kwapi
            configure_nova_scheduler_for_climate
            create_climate_accounts
            init_climate
            ;;
        "stack extra")
            echo_summary "Starting the Climate suite"
            start_kwapi
            start_climate
            ;;
        "stack test-config")
            examine_climate
            ;;
        "unstack ")
            stop_climate
            stop_kwapi
            ;;
        "clean ")
            cleanup_nova_scheduler_for_climate
            cleanup_climate
            cleanup_kwapi
            ;;
    esac
fi
