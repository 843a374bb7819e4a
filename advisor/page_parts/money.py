"""What each rung costs, on a page: fields for the user's prices, tables, where the rungs cross."""

from typing import Any

import streamlit as st

from advisor.money_tables import energy_rows, money_of, time_rows
from advisor.page_parts.blocks import draw_blocks
from advisor.page_parts.text import say, show_error
from advisor.prices import PRICE_KEYS, PriceKey, Prices
from advisor.project import Project, open_project
from advisor.renewing import judge_again
from advisor.report.cost_section import money_blocks, table_of
from advisor.settings_file import Place, change
from harness.errors import RungwiseError
from harness.experiment import Experiment
from harness.store import Run

COLUMNS = 3


def draw_money(project: Project, run: Run, experiment: Experiment) -> None:
    """Fields, tables, the chart of where the rungs cross, and what that comes to in words."""
    with st.expander("Your prices", expanded=not project.prices.given):
        price_fields(project, run)
    found = money_of(experiment, project.prices)
    used = [time_rows(found), energy_rows(found)]
    tables = [table_of(rows) for rows in used if rows]
    draw_blocks([*tables, *money_blocks(found, full=True)])


def price_fields(project: Project, run: Run) -> None:
    """One field a price; what is saved goes to rungwise.toml, an empty field takes a price out.

    The run's verdict, which may speak of prices, is renewed with them.
    """
    say(
        "All of them are yours to give and none has to be: what is not given is not counted. They "
        "are kept in rungwise.toml.",
        "rw-p rw-small rw-quiet",
    )
    with st.form("prices", border=False):
        sides = st.columns(COLUMNS)
        values = {}
        for number, one in enumerate(PRICE_KEYS):
            with sides[number % COLUMNS]:
                values[one.key] = _field(one, project.prices)
        if st.form_submit_button("Save these prices", key="prices_save"):
            _save(project, run, values)


def _field(one: PriceKey, prices: Prices) -> Any:
    """The widget of one price; None while it is empty."""
    now, key = getattr(prices, one.key), f"price_{one.key}"
    remark = f"{one.remark[:1].upper()}{one.remark[1:]}."
    # a field that begins with a value of its own cannot be emptied again, so it begins empty and
    # is filled here
    st.session_state.setdefault(key, now)
    if one.unit == "text":
        return st.text_input(one.label, key=key, help=remark).strip() or None
    if one.unit == "date":
        return st.date_input(one.label, None, key=key, help=remark)
    highest = 1.0 if one.unit == "share" else None
    # unless told the format, the field would show 0.0004 as 0.00
    return st.number_input(
        one.label, 0.0, highest, None, 1.0 if one.unit == "amount" else 0.01, key=key, help=remark,
        format="%g", placeholder="not given",
    )  # fmt: skip


def _save(project: Project, run: Run, values: dict[str, Any]) -> None:
    """Write the prices; what cannot be used is said and nothing is changed."""
    places: dict[Place, Any] = {("prices", key): _written(value) for key, value in values.items()}
    try:
        change(project.root, places)
        judge_again(open_project(project.root), run)
    except RungwiseError as error:
        show_error(error)
        return
    st.rerun()


def _written(value: Any) -> Any:
    """50,000.0 as 50000, the way people write it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
