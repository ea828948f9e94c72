"""Training: who stands where, recording a completion by hand or by file, courses and needs."""

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.actors import Actor, actor_of
from portal.core.clock import database_now, wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render
from registry.forms.training import (
    CompletionForm,
    CourseForm,
    NeedsForm,
    RetireCourseForm,
)
from registry.operations.training import (
    add_course,
    must_keep_courses,
    must_record,
    record_completion,
    retire_course,
    set_requirements,
    withdraw_completion,
)
from registry.operations.training_import import FileReport, import_completions
from registry.queries.inventory_files import too_large
from registry.queries.training_pages import (
    STATE_WORDS,
    courses_page,
    courses_to_pick,
    people_to_train,
    person_of_completion,
    person_training,
    training_list,
)
from registry.rules.inventory import FILE_BYTES_MAX, ROWS_MAX
from registry.views.common import errors_of, go

LINES = "training_lines"
SHOWN_OF_REPORT_MAX = 500


@require_GET
def training(request: HttpRequest) -> HttpResponse:
    """List the people with where their training stands."""
    actor = actor_of(request)
    must_record(actor)
    asked = request.GET
    words, state = asked.get("q", "").strip()[:100], asked.get("state", "")
    page = asked.get("page", "1")
    number = int(page) if page.isdecimal() and len(page) < 6 else 1
    state = state if state in STATE_WORDS else ""
    shown = {
        "crumbs": in_programme(("Training", "")),
        "found": training_list(words=words, state=state, page=number),
        "words": words,
        "state": state,
        "states": list(STATE_WORDS.items()),
        "tabs": tabs_of(actor),
    }
    return render(request, "registry/training.html", shown, fragment=LINES)


@require_GET
def my_training(request: HttpRequest) -> HttpResponse:
    """Show one's own training."""
    actor = actor_of(request)
    return _person(request, actor, actor.id)


@require_GET
def training_person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Show one person's training to themselves and to who records it."""
    return _person(request, actor_of(request), person_id)


@require_POST
def completion_withdraw(request: HttpRequest, completion_id: UUID) -> HttpResponse:
    """Withdraw a completion that was recorded wrongly, with a reason."""
    actor = actor_of(request)
    must_record(actor)
    try:
        made = withdraw_completion(
            actor=actor,
            completion_id=completion_id,
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        )
    except Invalid as problem:
        person_id = person_of_completion(completion_id)
        return _person(request, actor, person_id, errors_of(problem), status=422)
    return go(
        request,
        "training_person",
        made.person_id,
        said=f"{made.course.name} counts no longer.",
    )


@require_http_methods(["GET", "POST"])
def training_record(request: HttpRequest) -> HttpResponse:
    """Record that somebody did a course."""
    actor = actor_of(request)
    must_record(actor)
    form = CompletionForm(request.POST or None)
    errors: dict[str, str] = {}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = record_completion(
                actor=actor,
                person_id=said["person"],
                course_id=said["course"],
                completed_on=said["completed_on"],
                note=said["note"],
                now=wall_clock(),
            )
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
        else:
            return go(
                request,
                "training_person",
                made.person_id,
                said=f"{made.course.name} is recorded.",
            )
    today = database_now().date().isoformat()
    shown = {
        "crumbs": in_programme(
            ("Training", reverse("training")), ("Record a completion", "")
        ),
        "form": form,
        "errors": errors,
        "people": people_to_train(actor=actor),
        "courses": courses_to_pick(),
        "person": request.POST.get("person") or request.GET.get("person", ""),
        "today": today,
        "tabs": tabs_of(actor),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "registry/training_record.html", shown, status=status)


@require_http_methods(["GET", "POST"])
def training_import(request: HttpRequest) -> HttpResponse:
    """Record completions from a file, all of them or none."""
    actor = actor_of(request)
    must_record(actor)
    errors: dict[str, str] = {}
    report: FileReport | None = None
    if request.method == "POST":
        try:
            name, data = _uploaded(request.FILES.get("file"))
            report = import_completions(
                actor=actor, file_name=name, data=data, now=wall_clock()
            )
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
    is_wrong = bool(errors) or (report is not None and not report.is_recorded)
    # What is wrong comes first, because that is what there is to do.
    rows = sorted(report.rows, key=lambda row: row.state != "wrong") if report else []
    shown = {
        "crumbs": in_programme(("Training", reverse("training")), ("Import", "")),
        "errors": errors,
        "report": report,
        "rows": rows[:SHOWN_OF_REPORT_MAX],
        "rows_max": ROWS_MAX,
        "tabs": tabs_of(actor),
    }
    status = 422 if is_wrong else 200
    return render(request, "registry/training_import.html", shown, status=status)


@require_http_methods(["GET", "POST"])
def training_courses(request: HttpRequest) -> HttpResponse:
    """List the courses and what each duty needs; change either."""
    actor = actor_of(request)
    kind = request.POST.get("change", "")
    form = CourseForm(request.POST if kind == "add" else None)
    errors: dict[str, str] = {}
    if request.method == "POST":
        must_keep_courses(actor)
        try:
            said = _change(request, actor, kind, form)
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
        else:
            if said:
                return go(request, "training_courses", said=said)
    shown = {
        "crumbs": in_programme(
            ("Training", reverse("my_training")), ("Courses and needs", "")
        ),
        "page": courses_page(actor=actor),
        "form": form,
        "errors": errors,
        "tabs": tabs_of(actor),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "registry/training_courses.html", shown, status=status)


def tabs_of(actor: Actor) -> list[dict[str, str]]:
    """Give the tabs of the pages about training, for who records it."""
    return [
        {"key": "people", "label": "People", "href": reverse("training")},
        {"key": "record", "label": "Record", "href": reverse("training_record")},
        {"key": "import", "label": "Import", "href": reverse("training_import")},
        {
            "key": "courses",
            "label": "Courses and needs",
            "href": reverse("training_courses"),
        },
    ]


def _change(request: HttpRequest, actor: Actor, kind: str, form: CourseForm) -> str:
    """Make one change and say it; nothing is said while the form is wrong."""
    now = wall_clock()
    if kind == "add":
        if not form.is_valid():
            return ""
        made = add_course(actor=actor, now=now, **form.cleaned_data)
        return f"{made.name} is a course now."
    if kind == "retire":
        retiring = RetireCourseForm(request.POST)
        if retiring.is_valid():
            gone = retire_course(
                actor=actor, course_id=retiring.cleaned_data["course"], now=now
            )
            return f"{gone.name} is retired. What was done counts on until it lapses."
    if kind == "need":
        needs = NeedsForm(request.POST, courses=courses_to_pick())
        if needs.is_valid():
            said = needs.cleaned_data
            set_requirements(
                actor=actor,
                duty=said["duty"],
                tiers=said["tiers"],
                course_ids=[UUID(each) for each in said["courses"]],
                now=now,
            )
            return "That is what is needed from now on."
    raise Invalid({"": "This form is not one of ours. Open the page again."})


def _person(
    request: HttpRequest,
    actor: Actor,
    person_id: UUID,
    errors: dict[str, str] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    person = person_training(actor=actor, person_id=person_id)
    above = (
        [("My account", reverse("me"))]
        if person.is_me
        else in_programme(("Training", reverse("training")))
    )
    shown = {
        "crumbs": [*above, ("My training" if person.is_me else person.name, "")],
        "person": person,
        "errors": errors or {},
    }
    return render(request, "registry/training_person.html", shown, status=status)


def _uploaded(file: UploadedFile | None) -> tuple[str, bytes]:
    if file is None or not file.name:
        raise Invalid({"file": "Choose a file."})
    if (file.size or 0) > FILE_BYTES_MAX:
        raise Invalid({"file": too_large(file.size or 0)})
    return file.name, file.read()
