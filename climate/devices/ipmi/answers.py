# SPDX-License-Identifier: Apache-2.0
"""What may go wrong with a BMC; the texts say what to look at, without any secret."""

from __future__ import annotations


class IpmiError(Exception):
    """A BMC did not answer, or not as it should."""


class NoAnswer(IpmiError):
    """Nothing came in time."""


class LoginRefused(IpmiError):
    """It answers, and does not let this user in; asking again at once might lock the account."""


class Garbled(IpmiError):
    """It answered with what is no answer to the question."""


COMPLETION_CODES = {
    0xC0: "it is busy",
    0xC1: "it does not know this command",
    0xC2: "it does not know this command at this unit",
    0xC3: "it ran out of time",
    0xC4: "it is out of space",
    0xC5: "the reservation was cancelled",
    0xC7: "the request is too short or too long for it",
    0xC9: "a value is out of its range",
    0xCA: "it cannot give so many bytes at once",
    0xCB: "there is no such sensor or record",
    0xCC: "it does not like the request",
    0xCD: "the command does not fit this sensor or record",
    0xCE: "it could not answer",
    0xCF: "it takes the request for a repeated one",
    0xD0: "its sensor records are being updated",
    0xD1: "it is in firmware update",
    0xD2: "it is still starting",
    0xD3: "what is asked for cannot be reached",
    0xD4: "the user's privilege does not suffice",
    0xD5: "it cannot do so in its present state",
    0xD6: "the command is disabled",
}
"""IPMI 2.0, table 5-2, in our words."""

PASSING = frozenset((0xC0, 0xC3, 0xC4, 0xCE, 0xCF, 0xD0, 0xD1, 0xD2, 0xFF))
"""Completion codes that say nothing about whether a BMC can do what it was asked for."""


class Refused(IpmiError):
    """It answered that it will not, with a completion code."""

    def __init__(self, asked_for: str, code: int) -> None:
        reason = COMPLETION_CODES.get(code, "for a reason of its own")
        super().__init__(f"the BMC refuses {asked_for}: {reason} (completion code 0x{code:02x})")
        self.code = code

    @property
    def passing(self) -> bool:
        """Whether it may answer next time."""
        return self.code in PASSING
