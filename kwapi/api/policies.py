# SPDX-License-Identifier: Apache-2.0
"""Who may look: the rules of oslo.policy with their defaults. Members meet their energy in Climate."""

from __future__ import annotations

from oslo_config import cfg
from oslo_policy import policy

PROBES = "kwapi:probes:get"


def list_rules() -> list[policy.RuleDefault]:
    """All rules with their defaults."""
    return [
        policy.RuleDefault("kwapi:admin", "role:admin", "Administrators of the site."),
        policy.RuleDefault("kwapi:service", "role:service", "Other services of the site, such as Ceilometer."),
        policy.DocumentedRuleDefault(
            PROBES,
            "rule:kwapi:admin or rule:kwapi:service",
            "See the power and energy of all probes.",
            [
                {"method": "GET", "path": "/v1/probe-ids/"},
                {"method": "GET", "path": "/v1/probes/"},
                {"method": "GET", "path": "/v1/probes/{probe_id}/"},
                {"method": "GET", "path": "/v1/probes/{probe_id}/{meter}/"},
            ],
            scope_types=["project"],
        ),
    ]


def enforcer(conf: cfg.ConfigOpts) -> policy.Enforcer:
    """An enforcer with these rules, and the operator's changes of them ([oslo_policy] policy_file)."""
    made = policy.Enforcer(conf)
    made.register_defaults(list_rules())
    return made
