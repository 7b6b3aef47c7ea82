"""The routes of policies, caps and limits.

Knows which page answers which address. Refuses to know what the pages show.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from commcredits.edges.portal.door import Door
from commcredits.edges.portal.policies import links
from commcredits.edges.portal.policies.department_pages import DepartmentPages
from commcredits.edges.portal.policies.pages import PolicyPages
from commcredits.edges.portal.policies.party_pages import PartyPolicyPages
from commcredits.edges.portal.policies.trial_pages import TrialPages


def policy_routes(door: Door) -> list[BaseRoute]:
    """The organization's rules, departments, single users, and the question whether a call would be allowed."""
    rules, departments, trial = PolicyPages(door=door), DepartmentPages(door=door), TrialPages(door=door)
    guarded = door.guarded
    routes: list[BaseRoute] = [
        Route(links.POLICIES, guarded(rules.policies)),
        Route(links.CHANGE, guarded(rules.change_form)),
        Route(links.REVIEW, guarded(rules.change_form)),
        Route(links.REVIEW, guarded(rules.review), methods=["POST"]),
        Route(links.SAVE, guarded(rules.change_form)),
        Route(links.SAVE, guarded(rules.save), methods=["POST"]),
        Route(links.DEPARTMENTS, guarded(departments.departments)),
        Route(links.DEPARTMENTS, guarded(departments.save), methods=["POST"]),
        Route(links.TRY, guarded(trial.form)),
        Route(links.TRY, guarded(trial.ask), methods=["POST"]),
    ]
    for kind, place in links.PARTIES.items():
        party = PartyPolicyPages(door=door, kind=kind)
        routes += [Route(place, guarded(party.form)), Route(place, guarded(party.take), methods=["POST"])]
    return routes
