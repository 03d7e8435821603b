# SPDX-License-Identifier: Apache-2.0
# What DevStack has defined when it sources a plugin, as far as ours asks for it. A function that does what DevStack's of
# that name does has no word beside it. UNITS is a folder with two pipes, behind which somebody plays systemd.

function define_plugin {
    :  # for tools that look at plugins from outside
}

function echo_summary {
    echo "$@"
}

function die {
    echo "[ERROR] line $1: ${*:2}" >&2
    exit 1
}

# Everything here belongs to who runs it.
function sudo {
    "$@"
}

function is_service_enabled {
    local service
    for service in "$@"; do
        if [[ ,$ENABLED_SERVICES, == *,$service,* ]]; then
            return 0
        fi
        if declare -F "is_${service}_enabled" > /dev/null && "is_${service}_enabled"; then
            return 0
        fi
    done
    return 1
}

function enable_service {
    local service
    for service in "$@"; do
        if [[ ,${DISABLED_SERVICES:-}, != *,$service,* ]] && ! is_service_enabled "$service"; then
            ENABLED_SERVICES+=,$service
        fi
    done
}

# The lines of an option, and no others: "file section option", and its values as further arguments.
function ini_lines {
    local file=$1 section=$2 option=$3 text
    shift 3
    touch "$file"
    text=$(
        SECTION="[$section]" OPTION=$option VALUES=$(printf '%s\n' "$@") COUNT=$# awk '
            function say(    i, n, values) {
                n = split(ENVIRON["VALUES"], values, "\n")
                for (i = 1; i <= ENVIRON["COUNT"]; i++) print ENVIRON["OPTION"] " = " (i <= n ? values[i] : "")
                said = 1
            }
            /^\[/ { within = ($0 == ENVIRON["SECTION"]); print; if (within && !said) say(); next }
            within { name = $0; sub(/[ \t]*=.*/, "", name); if (name == ENVIRON["OPTION"]) next }
            { print }
            END { if (!said && ENVIRON["COUNT"] > 0) { print "\n" ENVIRON["SECTION"]; say() } }
        ' "$file"
    )
    printf '%s\n' "$text" > "$file"
}

function iniset {
    ini_lines "$1" "$2" "$3" "$4"
}

function iniset_multiline {
    ini_lines "$@"
}

function inidelete {
    ini_lines "$1" "$2" "$3"
}

function iniadd {
    # One word is one value, as in DevStack.
    # shellcheck disable=SC2046
    ini_lines "$1" "$2" "$3" $(iniget_multiline "$1" "$2" "$3") "${@:4}"
}

function iniget_multiline {
    SECTION="[$2]" OPTION=$3 awk '
        /^\[/ { within = ($0 == ENVIRON["SECTION"]) }
        within { name = $0; sub(/[ \t]*=.*/, "", name); if (name == ENVIRON["OPTION"]) print }
    ' "$1" | sed -e 's/^[^=]*=[ \t]*//' | paste -s -d ' '
}

function iniget {
    iniget_multiline "$@"
}

# What DevStack does in the background is done by now.
function async_wait {
    :
}

function get_python_exec_prefix {
    echo "$DEVSTACK_VENV/bin"
}

# Without dependencies, which the environment below this one has.
function setup_develop {
    "$DEVSTACK_VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
        --editable "$1"
}

function recreate_database {
    MYSQL_PWD=$DATABASE_PASSWORD mariadb --no-defaults --protocol=tcp --host="$DATABASE_HOST" --port="$DATABASE_PORT" \
        --user="$DATABASE_USER" --execute="DROP DATABASE IF EXISTS $1; CREATE DATABASE $1 CHARACTER SET utf8"
}

function database_connection_url {
    echo "mysql+pymysql://$DATABASE_USER:$DATABASE_PASSWORD@$DATABASE_HOST:$DATABASE_PORT/$1?charset=utf8"
}

function iniset_rpc_backend {
    iniset "$2" "${3:-DEFAULT}" transport_url "rabbit://$RABBIT_USERID:$RABBIT_PASSWORD@$RABBIT_HOST:$RABBIT_PORT/"
}

function configure_keystoneauth {
    iniset "$1" "$3" auth_type password
    iniset "$1" "$3" interface public
    iniset "$1" "$3" auth_url "$KEYSTONE_SERVICE_URI"
    iniset "$1" "$3" username "$2"
    iniset "$1" "$3" password "$SERVICE_PASSWORD"
    iniset "$1" "$3" user_domain_name "$SERVICE_DOMAIN_NAME"
    iniset "$1" "$3" project_name "$SERVICE_PROJECT_NAME"
    iniset "$1" "$3" project_domain_name "$SERVICE_DOMAIN_NAME"
}

# DevStack names a memcached, too; here is none.
function configure_keystone_authtoken_middleware {
    configure_keystoneauth "$1" "$2" "${3:-keystone_authtoken}"
    iniset "$1" "${3:-keystone_authtoken}" www_authenticate_uri "$KEYSTONE_SERVICE_URI"
}

function create_service_user {
    ADMIN_PASSWORD=$ADMIN_PASSWORD SERVICE_PASSWORD=$SERVICE_PASSWORD "$DEVSTACK_VENV/bin/python" -P \
        "$(dirname "${BASH_SOURCE[0]}")/devstack_user.py" \
        "$KEYSTONE_SERVICE_URI" "$SERVICE_DOMAIN_NAME" "$SERVICE_PROJECT_NAME" "$@"
}

# Ask who plays systemd, and return when it is done.
function systemctl {
    local answer
    echo "$*" > "$UNITS/asked"
    read -r answer < "$UNITS/answered"
    [[ $answer == "done" ]] || die $LINENO "$*: $answer"
}

function run_process {
    if is_service_enabled "$1"; then
        systemctl start "$1" "$2"
    fi
}

function stop_process {
    if is_service_enabled "$1"; then
        systemctl stop "$1"
    fi
}

# Anything but 503 and a refused connection is an answer.
function wait_for_service {
    local code status until
    until=$((SECONDS + $1))
    while ((SECONDS < until)); do
        status=0
        code=$(curl --noproxy '*' --silent --output /dev/null --write-out '%{http_code}' "$2") || status=$?
        if [[ $code != 503 && $status != 7 ]]; then
            return 0
        fi
        sleep 1
    done
    return 1
}

function test_with_retry {
    if ! timeout "${3:-10}" sh -c "while ! $1; do sleep ${4:-0.5}; done"; then
        die $LINENO "$2"
    fi
}
