"""Alpha's Partner API (TimeBack Partner API): like OneRoster 1.2, with fewer collections and four routes of its own.

Every session is served as a term, so `/terms` is its academicSessions. `@` is a regular expression here.
Docs: https://docs.alpha-1edtech.ai
"""

from types import MappingProxyType

from adapters.dialect import AbsentStatus, Capabilities, Dialect, OAuth2, Service, Totals, Version, absent, lacks

_LISTED = "Alpha, Rostering API, list of endpoints"

V1P2 = Dialect(
    name="alpha",
    version=Version.V1P2,
    title="Alpha Partner API",
    docs="https://docs.alpha-1edtech.ai",
    base_path="/rostering/1.0",
    auth=OAuth2(scopes=("roster.readonly",), token_path="/auth/1.0/token"),  # short scope names, not the standard's
    absent=absent(
        _LISTED,
        *("students", "teachers", "schools", "gradingPeriods", "demographics", "demographic", "academicSession"),
        *("coursesForSchool", "classesForSchool", "enrollmentsForSchool", "studentsForSchool", "teachersForSchool"),
        *("termsForSchool", "enrollmentsForClassInSchool", "studentsForClassInSchool", "teachersForClassInSchool"),
        *("classesForTerm", "gradingPeriodsForTerm", "classesForCourse", "studentsForClass", "teachersForClass"),
        *("classesForStudent", "classesForTeacher", "classesForUser"),
    ),
    without=lacks(_LISTED, Service.GRADEBOOK, Service.RESOURCES),
    paths=MappingProxyType(
        {
            "academicSessions": "/terms",
            "enrollmentsForUser": "/users/{id}/enrollments",
            "enrollmentsForClass": "/classes/{id}/enrollments",
            "agentsForUser": "/users/{id}/agents",
            "linkedUsersForUser": "/users/{id}/linked-users",  # those who name the person; that they are is unverified
        }
    ),
    capabilities=Capabilities(
        max_limit=1000,
        totals=Totals.BODY,
        absent_status=AbsentStatus.ACTIVE,  # the field tables have no status; what was deleted says so
        # The three paths of the documentation's examples; others unverified.
        dotted_filters=frozenset({"class.sourcedId", "course.sourcedId", "user.sourcedId"}),
    ),
)
