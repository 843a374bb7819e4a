"""Report: for whom, a preview, and the files."""

import base64

import streamlit as st

from advisor import workflow
from advisor.exporting import is_exporting
from advisor.page_parts.cached import rendered
from advisor.page_parts.frame import first_line, project_or_stop, run_or_none
from advisor.page_parts.taking import taking_part
from advisor.page_parts.text import say, show_error
from advisor.project import Project
from advisor.report import Audience, formats
from harness.errors import RungwiseError
from harness.store import Run

AUDIENCES: dict[Audience, tuple[str, str]] = {
    "executive": (
        "Executive",
        "For those who decide, two pages: the result, its cost, how sure, what was not tested.",
    ),
    "technical": (
        "Technical",
        "For those who check, everything: data, settings, all pairs, answers, how to repeat it.",
    ),
}
MAIN = "html"
HEIGHT = 900
# Nothing may run or be loaded in the preview; the report needs neither.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)


def downloads(project: Project, run: Run, audience: Audience) -> None:
    """A button for each format."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        for name, kind in formats().items():
            st.download_button(
                f"Download {name.upper()}",
                rendered(run, audience, name),
                file_name=f"{project.root.name}-{run.name}-{audience}{kind.suffix}",
                mime=kind.mime,
                key=f"download_{name}",
                icon=":material/download:",
                on_click="ignore",
                type="primary" if name == MAIN else "secondary",
            )


def preview(run: Run, audience: Audience) -> None:
    """The HTML report as it will look.

    As a data address it is a page of its own that cannot reach this one.
    """
    page = rendered(run, audience, "html").decode().replace("<head>", f"<head>{POLICY}", 1)
    address = base64.b64encode(page.encode()).decode()
    st.iframe(f"data:text/html;charset=utf-8;base64,{address}", height=HEIGHT, alt="The report")


project = project_or_stop("Report")
run = run_or_none(project)
if run is None or workflow.experiment_of(run) is None:
    words = "There is nothing to report before a check is finished."
    first_line("Report", project.name, words, ("Go to the check", "check"))
    st.stop()
first_line(
    "Report",
    project.name,
    f"The report of check {run.name}: choose who reads it, then download it. One file, no network.",
)
left, right = st.columns(2, vertical_alignment="center")
with left:
    audience = st.segmented_control(
        "Who is it for?",
        list(AUDIENCES),
        default="executive",
        format_func=lambda one: AUDIENCES[one][0],
        required=True,
        key="report_audience",
    )
    say(AUDIENCES[audience][1], "rw-p rw-small rw-quiet")
try:
    with right:
        downloads(project, run, audience)
    offer = "Take it with you: the trained model, the training rows"
    # what is folded away is not made: the training rows in every format take seconds
    taking = st.expander(offer, is_exporting(run), key="taking", on_change="rerun")
    if taking.open:
        with taking:
            taking_part(project, run)
    preview(run, audience)
except RungwiseError as error:
    show_error(error)
