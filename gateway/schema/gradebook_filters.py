"""The filters of lists beside the roster: demographics, gradebook, resources. See `gateway.schema.filters`."""

from typing import Optional

import strawberry

from adapters.records import RecordType
from gateway.schema.conditions import (
    BooleanFilter,
    DateFilter,
    DateTimeFilter,
    FloatFilter,
    ImportanceFilter,
    RefFilter,
    ScoreStatusFilter,
    SexFilter,
    StringFilter,
    UserRoleFilter,
)
from gateway.schema.filters import METADATA, MODIFIED, SOURCED_ID
from gateway.schema.matches import MetadataFilter, declared
from gateway.schema.translation import about, all_of, any_of, none_of

_SCALE = "How it is marked: its scale."


@strawberry.input(description="Whose demographics. All conditions hold.")
class DemographicsFilter:
    and_: list["DemographicsFilter"] | None = all_of()
    or_: list["DemographicsFilter"] | None = any_of()
    not_: Optional["DemographicsFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", "The source's own id: the user's.", "demographics.sourcedId")
    date_last_modified: DateTimeFilter | None = about("date_last_modified", MODIFIED, "demographics.dateLastModified")
    metadata: MetadataFilter | None = declared(METADATA, "demographics.metadata")
    birth_date: DateFilter | None = about("birth_date", "Date of birth.", "demographics.birthDate")
    sex: SexFilter | None = about("sex", "Sex as recorded.", "demographics.sex")
    american_indian_or_alaska_native: BooleanFilter | None = about(
        "american_indian_or_alaska_native",
        "Reported as American Indian or Alaska Native.",
        "demographics.americanIndianOrAlaskaNative",
    )
    asian: BooleanFilter | None = about("asian", "Reported as Asian.", "demographics.asian")
    black_or_african_american: BooleanFilter | None = about(
        "black_or_african_american", "Reported as Black or African American.", "demographics.blackOrAfricanAmerican"
    )
    native_hawaiian_or_other_pacific_islander: BooleanFilter | None = about(
        "native_hawaiian_or_other_pacific_islander",
        "Reported as Native Hawaiian or other Pacific Islander.",
        "demographics.nativeHawaiianOrOtherPacificIslander",
    )
    white: BooleanFilter | None = about("white", "Reported as White.", "demographics.white")
    demographic_race_two_or_more_races: BooleanFilter | None = about(
        "demographic_race_two_or_more_races",
        "Reported as of two or more races.",
        "demographics.demographicRaceTwoOrMoreRaces",
    )
    hispanic_or_latino_ethnicity: BooleanFilter | None = about(
        "hispanic_or_latino_ethnicity", "Reported as Hispanic or Latino.", "demographics.hispanicOrLatinoEthnicity"
    )


@strawberry.input(description="Which groups of line items. All conditions hold.")
class CategoryFilter:
    and_: list["CategoryFilter"] | None = all_of()
    or_: list["CategoryFilter"] | None = any_of()
    not_: Optional["CategoryFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "category.sourcedId")
    date_last_modified: DateTimeFilter | None = about("date_last_modified", MODIFIED, "category.dateLastModified")
    metadata: MetadataFilter | None = declared(METADATA, "category.metadata")
    title: StringFilter | None = about("title", "Name of the category.", "category.title")
    weight: FloatFilter | None = about("weight", "How much it counts.", "1.2 category.weight")


@strawberry.input(description="Which line items, assignments. All conditions hold.")
class LineItemFilter:
    and_: list["LineItemFilter"] | None = all_of()
    or_: list["LineItemFilter"] | None = any_of()
    not_: Optional["LineItemFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "lineItem.sourcedId")
    date_last_modified: DateTimeFilter | None = about("date_last_modified", MODIFIED, "lineItem.dateLastModified")
    metadata: MetadataFilter | None = declared(METADATA, "lineItem.metadata")
    title: StringFilter | None = about("title", "Name of the work.", "lineItem.title")
    assign_date: DateTimeFilter | None = about("assign_date", "When it was given.", "lineItem.assignDate")
    due_date: DateTimeFilter | None = about("due_date", "When it is to be handed in.", "lineItem.dueDate")
    result_value_max: FloatFilter | None = about("result_value_max", "The highest score.", "lineItem.resultValueMax")
    class_: RefFilter | None = about(
        "class_id", "In which class.", "lineItem.class", kind=RecordType.CLASS, name="class"
    )
    school: RefFilter | None = about(
        "school_id", "At which school; 1.1 line items name none.", "1.2 lineItem.school", kind=RecordType.ORG
    )
    category: RefFilter | None = about("category_id", "Its group.", "lineItem.category", kind=RecordType.CATEGORY)
    academic_session: RefFilter | None = about(
        "academic_session_id",
        "The term or grading period in which it counts.",
        "1.2 lineItem.academicSession",
        "lineItem.gradingPeriod",
        kind=RecordType.ACADEMIC_SESSION,
    )
    score_scale: RefFilter | None = about(
        "score_scale_id", _SCALE, "1.2 lineItem.scoreScale", kind=RecordType.SCORE_SCALE
    )


@strawberry.input(description="Which results, marks. All conditions hold.")
class ResultFilter:
    and_: list["ResultFilter"] | None = all_of()
    or_: list["ResultFilter"] | None = any_of()
    not_: Optional["ResultFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "result.sourcedId")
    date_last_modified: DateTimeFilter | None = about("date_last_modified", MODIFIED, "result.dateLastModified")
    metadata: MetadataFilter | None = declared(METADATA, "result.metadata")
    line_item: RefFilter | None = about(
        "line_item_id", "The work (assignment) in which it was reached.", "result.lineItem", kind=RecordType.LINE_ITEM
    )
    student: RefFilter | None = about("student_id", "The student whose it is.", "result.student", kind=RecordType.USER)
    class_: RefFilter | None = about(
        "class_id",
        "In which class; 1.1 results name none: those of the class's line items, for which more may have to be read "
        "than for `class.lineItems.results`.",
        "1.2 result.class",
        "/classes/{id}/results",
        kind=RecordType.CLASS,
        name="class",
    )
    score_status: ScoreStatusFilter | None = about("score_status", "How far the marking is.", "result.scoreStatus")
    score_date: DateFilter | None = about("score_date", "When it was marked.", "result.scoreDate")
    score: FloatFilter | None = about("score", "What was reached, as a number.", "result.score")
    text_score: StringFilter | None = about("text_score", "What was reached, in words.", "1.2 result.textScore")
    in_progress: BooleanFilter | None = about("in_progress", "Still at work.", "1.2 result.inProgress")
    incomplete: BooleanFilter | None = about("incomplete", "Only part of it was done.", "1.2 result.incomplete")
    late: BooleanFilter | None = about("late", "Handed in late.", "1.2 result.late")
    missing: BooleanFilter | None = about("missing", "Not handed in.", "1.2 result.missing")


@strawberry.input(description="Which scales of marks. All conditions hold.")
class ScoreScaleFilter:
    and_: list["ScoreScaleFilter"] | None = all_of()
    or_: list["ScoreScaleFilter"] | None = any_of()
    not_: Optional["ScoreScaleFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "scoreScale.sourcedId")
    date_last_modified: DateTimeFilter | None = about("date_last_modified", MODIFIED, "scoreScale.dateLastModified")
    metadata: MetadataFilter | None = declared(METADATA, "scoreScale.metadata")
    title: StringFilter | None = about("title", "Name of the scale.", "scoreScale.title")
    type: StringFilter | None = about("type", "Kind of scale.", "scoreScale.type")
    class_: RefFilter | None = about(
        "class_id", "For which class.", "scoreScale.class", kind=RecordType.CLASS, name="class"
    )
    course: RefFilter | None = about("course_id", "For which course.", "scoreScale.course", kind=RecordType.COURSE)


@strawberry.input(description="Which learning resources. All conditions hold.")
class ResourceFilter:
    and_: list["ResourceFilter"] | None = all_of()
    or_: list["ResourceFilter"] | None = any_of()
    not_: Optional["ResourceFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "resource.sourcedId")
    date_last_modified: DateTimeFilter | None = about("date_last_modified", MODIFIED, "resource.dateLastModified")
    metadata: MetadataFilter | None = declared(METADATA, "resource.metadata")
    title: StringFilter | None = about("title", "Name of the resource.", "resource.title")
    roles: UserRoleFilter | None = about("roles", "Whom it is for: any of its roles.", "resource.roles")
    importance: ImportanceFilter | None = about("importance", "Main one or supplement.", "resource.importance")
    vendor_resource_id: StringFilter | None = about(
        "vendor_resource_id", "Its maker's id of it, such as an ISBN.", "resource.vendorResourceId"
    )
    vendor_id: StringFilter | None = about("vendor_id", "Who makes it.", "resource.vendorId")
    application_id: StringFilter | None = about(
        "application_id", "The application in which it is used.", "resource.applicationId"
    )


@strawberry.input(description="Which tests, exams and parts of them. All conditions hold.")
class AssessmentLineItemFilter:
    and_: list["AssessmentLineItemFilter"] | None = all_of()
    or_: list["AssessmentLineItemFilter"] | None = any_of()
    not_: Optional["AssessmentLineItemFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "assessmentLineItem.sourcedId")
    date_last_modified: DateTimeFilter | None = about(
        "date_last_modified", MODIFIED, "assessmentLineItem.dateLastModified"
    )
    metadata: MetadataFilter | None = declared(METADATA, "assessmentLineItem.metadata")
    title: StringFilter | None = about("title", "Name of the test or part.", "assessmentLineItem.title")
    parent_assessment_line_item: RefFilter | None = about(
        "parent_assessment_line_item_id",
        "The test of which it is a part; isNull: it is a whole one.",
        "assessmentLineItem.parentAssessmentLineItem",
        kind=RecordType.ASSESSMENT_LINE_ITEM,
    )
    class_: RefFilter | None = about(
        "class_id", "In which class.", "assessmentLineItem.class", kind=RecordType.CLASS, name="class"
    )
    score_scale: RefFilter | None = about(
        "score_scale_id", _SCALE, "assessmentLineItem.scoreScale", kind=RecordType.SCORE_SCALE
    )


@strawberry.input(description="Which results of assessments. All conditions hold.")
class AssessmentResultFilter:
    and_: list["AssessmentResultFilter"] | None = all_of()
    or_: list["AssessmentResultFilter"] | None = any_of()
    not_: Optional["AssessmentResultFilter"] = none_of()
    sourced_id: StringFilter | None = about("sourced_id", SOURCED_ID, "assessmentResult.sourcedId")
    date_last_modified: DateTimeFilter | None = about(
        "date_last_modified", MODIFIED, "assessmentResult.dateLastModified"
    )
    metadata: MetadataFilter | None = declared(METADATA, "assessmentResult.metadata")
    assessment_line_item: RefFilter | None = about(
        "assessment_line_item_id",
        "In which test or part of it.",
        "assessmentResult.assessmentLineItem",
        kind=RecordType.ASSESSMENT_LINE_ITEM,
    )
    student: RefFilter | None = about(
        "student_id", "The student whose it is.", "assessmentResult.student", kind=RecordType.USER
    )
    score_status: ScoreStatusFilter | None = about(
        "score_status", "How far the marking is.", "assessmentResult.scoreStatus"
    )
    score_date: DateFilter | None = about("score_date", "When it was marked.", "assessmentResult.scoreDate")
    score: FloatFilter | None = about("score", "What was reached, as a number.", "assessmentResult.score")
    score_percentile: FloatFilter | None = about(
        "score_percentile", "The share of students who reached less.", "assessmentResult.scorePercentile"
    )
    text_score: StringFilter | None = about("text_score", "What was reached, in words.", "assessmentResult.textScore")
    in_progress: BooleanFilter | None = about("in_progress", "Still at work.", "assessmentResult.inProgress")
    incomplete: BooleanFilter | None = about("incomplete", "Only part of it was done.", "assessmentResult.incomplete")
    late: BooleanFilter | None = about("late", "Handed in late.", "assessmentResult.late")
    missing: BooleanFilter | None = about("missing", "Not handed in.", "assessmentResult.missing")
