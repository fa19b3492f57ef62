"""S04, S05, S06, S07: what clients of generated grants are answered, judged by what was planted and by twins."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from gateway.access.grant import Access, Grant
from tests.clock import JumpingLoop
from tests.gateway.granted import EACH, Judge, Tally, executed, judge
from tests.gateway.granted_worlds import School, Schools
from tests.gateway.made_operations import Made
from tests.gateway.planted import Book, planted

CASES = 5


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, CASES, 5), ids=lambda start: f"S04-S05-S06-S07-{start}")
def test_nothing_is_answered_beyond_a_grant(start: int) -> None:
    """Of 200 operations. More: `.ci/run`, `make test-long`."""
    tally = Tally()
    for number in range(start, start + 5):
        judge(number, tally, EACH)
    assert not tally.findings, "\n\n".join(map(str, tally.findings))
    assert tally.operations >= 5 * EACH
    assert tally.refusals > 0.1 * tally.operations
    assert tally.withheld > 0.1 * tally.operations
    assert tally.values > tally.operations
    assert tally.paths["compiled"] > 0.3 * tally.operations
    assert min(tally.paths["careful"], tally.paths["fallback"]) > 0.05 * tally.operations


@pytest.mark.slow
@pytest.mark.parametrize("number", range(100, 104), ids=lambda number: f"S04-{number}")
def test_a_gateway_that_does_not_look_at_grants_is_found_out(number: int) -> None:
    tally = Tally()
    judge(number, tally, EACH, unguarded=True)
    assert tally.findings


MASKED = (
    """{ users(first: 90, status: null) { totalCount nodes { zId: id givenName familyName middleName preferredFirstName
      preferredMiddleName preferredLastName pronouns displayName username email sms phone identifier
      userMasterIdentifier userIds { type identifier } userProfiles { profileId description } metadata enabledUser
      grades primaryOrg { zId: id } roles { role org { zId: id } } agentRefs { id } agents { zId: id } guardians {
      zId: id givenName } samePerson { zId: id username } enrollments { zId: id } classes { zId: id title }
      demographics { zId: id birthDate } results(first: 3) { totalCount nodes { zId: id score comment } } } } }""",
    """{ demographics(first: 30) { totalCount nodes { zId: id birthDate sex asian white blackOrAfricanAmerican
      americanIndianOrAlaskaNative nativeHawaiianOrOtherPacificIslander demographicRaceTwoOrMoreRaces
      hispanicOrLatinoEthnicity cityOfBirth countryOfBirthCode stateOfBirthAbbreviation publicSchoolResidenceStatus
      user { zId: id givenName } } } }""",
    """{ classes(first: 40) { totalCount nodes { zId: id title classCode location periods grades course { zId: id
      title } school { zId: id name } terms { zId: id } enrollments { zId: id role user { zId: id } } students {
      zId: id } teachers { zId: id familyName } primaryTeacher { zId: id } studentCount lineItems(first: 3) {
      nodes { zId: id title description results { zId: id textScore comment student { zId: id } } } } } } }""",
    """{ orgs(first: 9, status: null) { nodes { zId: id name identifier parent { zId: id } children { zId: id }
      users(first: 3) { totalCount nodes { zId: id } } } } categories(first: 9) { nodes { zId: id title } }
      courses(first: 9) { nodes { zId: id title courseCode } }
      academicSessions(first: 9) { nodes { zId: id title } } }""",
    '{ classes(first: 9, filter: { title: { startsWith: "m" } }) { totalCount nodes { zId: id title } } }',
    '{ classes(first: 9, filter: { classCode: { contains: "q" } }) { totalCount nodes { zId: id classCode } } }',
    '{ orgs(first: 9, status: null, filter: { identifier: { startsWith: "z" } }) { totalCount nodes { zId: id } } }',
    '{ classes(first: 9, search: "m") { totalCount nodes { zId: id } } }',
    "{ classes(first: 9, orderBy: [{ field: TITLE }]) { nodes { zId: id } } }",
    "{ users(last: 4) { nodes { zId: id } } }",
    "{ users { groups(by: [ORG]) { count keys { value } } } }",
    '{ users(first: 9, filter: { familyName: { startsWith: "m" } }) { totalCount nodes { zId: id } } }',
    "{ users(first: 9, orderBy: [{ field: EMAIL }]) { totalCount nodes { zId: id } } }",
    "{ demographics(first: 9, filter: { sex: { eq: FEMALE } }) { totalCount nodes { zId: id } } }",
    '{ users(first: 9, filter: { enrollments: { role: [STUDENT], count: { gte: 2 } }, orgs: { sourcedId: "o-00002" } })'
    " { totalCount nodes { zId: id } } }",
)


@pytest.mark.parametrize("whole", [False, True], ids=["MASK-asked", "MASK-held"])
@pytest.mark.parametrize("kind", ["standard-1.2", "standard-1.1"])
def test_who_sees_masks_is_answered_as_if_the_district_were_of_invented_people(kind: str, whole: bool) -> None:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(_as_if_of_invented_people(kind, whole))


async def _as_if_of_invented_people(kind: str, whole: bool) -> None:
    book = Book()
    schools = Schools({"zsrc-a": School("zsrc-a", kind, planted("zsrc-a", 1, book))}, book)
    orgs = frozenset({schools.schools["zsrc-a"].district.schools[0].id})
    async with AsyncExitStack() as stack:
        asking = Judge(schools, whole, stack, Tally())
        world = await asking.world()
        for access in (Access(masked=True), Access(masked=True, orgs=orgs)):
            grant = Grant({"zsrc-a": access})
            for text in MASKED:
                made = Made(text, {})
                answered = await executed("plan", world, made, grant)
                assert answered.body["data"] is not None, answered.errors
                assert list(asking.seen(grant, made, answered)) == [], text
                assert (await asking.beyond_twin(grant, made, answered))[0] == [], text
