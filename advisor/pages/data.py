"""Data: what was understood, what the model sees, and what is odd about it."""

from collections.abc import Iterable, Mapping

import streamlit as st

from advisor.audit import AuditReport, Finding, Mend
from advisor.numbers import count
from advisor.page_parts.anonymising import anonymise_part
from advisor.page_parts.forgetting import forget_part
from advisor.page_parts.frame import first_line, project_or_stop
from advisor.page_parts.looking import loaded_or_stop, look_at, result_of, watch
from advisor.page_parts.mapping import mapping_part, write
from advisor.page_parts.text import cut, heading, html, joined, markup, say
from advisor.project import Project
from harness.prompts import render, target
from harness.task import Loaded
from harness.types import Task

GROUPS = {
    "error": ("Must fix", "stop"),
    "warning": ("Should know", "warn"),
    "info": ("Fine, for your information", ""),
}
CODES = {
    "pii": "personal data",
    "ordered": "sorted",
    "shift": "parts differ",
    "too_few": "number of rows",
}
SHOWN_ROWS = 12


def rows_part(task: Task) -> None:
    """Three rows as the model sees them."""
    heading("What the model sees", "Some rungs add passages or worked examples to this.")
    rows = task.train[:3]
    tabs = st.tabs([f"Row {number}" for number in range(1, len(rows) + 1)])
    for tab, example in zip(tabs, rows, strict=True):
        prompt = render(task.spec, example.question)
        parts = {
            "Instruction": prompt.system,
            "Question": prompt.user,
            "Right answer": target(task.spec, example),
        }
        lines = joined(
            markup(
                '<p class="rw-quiet rw-small rw-label">{title}</p><p class="rw-text rw-prompt" '
                'dir="auto">{text}</p>',
                title=title,
                text=cut(text),
            )
            for title, text in parts.items()
        )
        with tab:
            html("{lines}", lines=lines)


def split_words(found: Loaded) -> str:
    """How the rows are shared out."""
    task = found.task
    if task is None:
        return "The data cannot be used yet: say what the columns mean, or mend what is listed."
    words = (
        f"{count(len(task.train), 'example')} to learn from, {len(task.dev):,} to choose settings "
        f"on, {len(task.heldout):,} held out"
    )
    pairs = task.preferences
    if pairs.train:
        words += (
            f"; {count(len(pairs.train), 'preference pair')} to learn from, {len(pairs.dev):,} to "
            f"choose a state on, {len(pairs.heldout):,} held out"
        )
    sources = len({document.source for document in task.documents})
    return f"{words}, {count(sources, 'document')}." if sources else f"{words}; no documents."


def findings_part(report: AuditReport, found: Loaded, project: Project) -> None:
    """Findings in three groups, each with its rows."""
    questions = {example.id: example.question for example in found.examples}
    for severity, (words, tag) in GROUPS.items():
        group = [finding for finding in report.findings if finding.severity == severity]
        if not group:
            continue
        heading(f"{words} ({len(group)})")
        sides = st.columns(2, gap="large")
        for number, finding in enumerate(group):
            with sides[number % 2], st.container(border=True, gap="small"):
                finding_part(finding, tag, questions)
                if finding.mend:
                    mend_part(project, finding.mend, f"mend_{severity}_{number}")
    if report.personal:
        anonymise_part(project)
    if not report.findings:
        heading("Nothing odd was found")


def finding_part(finding: Finding, tag: str, questions: Mapping[str, str]) -> None:
    """One finding: what it means, what to do, and the rows it is about."""
    html(
        '<p class="rw-p"><span class="rw-tag {tag}">{code}</span> {message}</p>'
        '<p class="rw-p rw-quiet">What to do: {fix}</p>',
        tag=tag,
        code=CODES.get(finding.code, finding.code.replace("_", " ")),
        message=finding.message,
        fix=finding.fix,
    )
    if finding.rows:
        with st.expander(f"Where ({finding.count:,})"):
            row_table(finding.rows[:SHOWN_ROWS], finding.count, questions)


def mend_part(project: Project, mend: Mend, key: str) -> None:
    """A button that writes the setting that mends a finding."""
    if st.button(mend.words, key=key):
        write(project, {(section, name): value for section, name, value in mend.settings})


def row_table(rows: Iterable[str], total: int, questions: Mapping[str, str]) -> None:
    """Rows with their questions."""
    shown = list(rows)
    lines = joined(
        markup(
            '<tr><td class="rw-quiet">{row}</td><td class="rw-text">{question}</td></tr>',
            row=row,
            question=questions.get(row, ""),
        )
        for row in shown
    )
    html('<table class="rw-small">{lines}</table>', lines=lines)
    if total > len(shown):
        say(f"and {total - len(shown):,} more", "rw-p rw-small rw-quiet")


def documents_part(found: Loaded) -> None:
    """The documents that were read."""
    words: dict[str, int] = {}
    for document in found.documents:
        words[document.source] = words.get(document.source, 0) + len(document.text.split())
    if not words:
        return
    with st.expander(f"{count(len(words), 'document')}, {sum(words.values()):,} words"):
        st.dataframe(
            {"Document": list(words), "Words": list(words.values())},
            hide_index=True,
            height=min(420, 38 + 35 * len(words)),
        )


def privacy_part(project: Project) -> None:
    """What the team has to be able to say of personal data; every report repeats it."""
    stated = project.sections.privacy
    with st.expander("Personal data: purpose, how long it is kept, who has access"):
        with st.form("privacy", border=False):
            purpose = st.text_input(
                "What it is processed for", stated.purpose, key="privacy_purpose"
            )
            retention = st.text_input(
                "How long data, tuned models and checks are kept",
                stated.retention,
                key="privacy_retention",
            )
            access = st.text_input(
                "Who may use the model and read its answers", stated.access, key="privacy_access"
            )
            if st.form_submit_button("Save", key="privacy_save"):
                said = {"purpose": purpose, "retention": retention, "access": access}
                write(project, {("privacy", k): v.strip() or None for k, v in said.items()})
        say("Every report repeats it; nothing is done by it.", "rw-p rw-small rw-quiet")


project = project_or_stop("Data")
found = loaded_or_stop("Data", project)
step = ("Go to the check", "check") if found.task else None
first_line("Data", project.name, split_words(found), step)
left, right = st.columns(2, gap="large")
with left:
    mapping_part(project, found)
with right:
    if found.task:
        rows_part(found.task)
    documents_part(found)
    privacy_part(project)
    if found.documents:
        forget_part(project, {document.source for document in found.documents})
# What must be mended stands beside the mapping that may mend it.
with st.container() if found.task else right:
    # Last, because it takes the longest: everything else is on the screen by then.
    look = look_at(project)
    with st.spinner("Looking for what is odd …"):
        over = look.is_over(look.report)
    if over:
        findings_part(result_of(project, look.report), found, project)
    else:
        watch(look, look.report)
