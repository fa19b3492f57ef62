"""How many objects a field is expected to have that nothing bounds: what the cost of an operation is reckoned with.

Fixed, so that a document costs the same today and tomorrow, whatever a source holds. More than that may come: what an
answer has in fact is bounded while it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EXPECTED: Final[Mapping[str, int]] = MappingProxyType(
    {
        "Org.children": 10,
        "AcademicSession.children": 4,
        "Course.resources": 5,
        "Class.terms": 2,
        "Class.enrollments": 30,
        "Class.students": 25,
        "Class.teachers": 2,
        "Class.scoreScales": 2,
        "Class.resources": 5,
        "User.samePerson": 1,
        "User.orgs": 2,
        "User.roles": 2,
        "User.agents": 2,
        "User.guardians": 2,
        "User.enrollments": 8,
        "User.classes": 8,
        "User.resources": 5,
        "LineItem.results": 25,
        "AssessmentLineItem.children": 5,
        "ClassConnection.groups": 100,
        "UserConnection.groups": 100,
        "EnrollmentConnection.groups": 100,
        "SourceConnection.countByState": 11,
        "Source.collections": 14,
        "Source.holds": 2,
        "RosterPage.sources": 2,
        "Viewer.grants": 10,
        "DecideHoldsPayload.holds": 10,
    }
)
"""By type and field; a field of an interface stands for those of all types that have it."""

COUNTED: Final = frozenset({"Node", "RosterObject", "SourceCollection", "SourceReport", "Group", "Grant"})
"""Types whose objects are nodes, with all that implement them. Others are parts of what they stand in."""

PART_OF: Final = frozenset({"source"})
"""Fields whose objects are nodes elsewhere, and here no more than a reference."""
