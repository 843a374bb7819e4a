"""JSON: experiment.json with what the report adds under `report`, for other programs."""

import json
from typing import Any

import msgspec

from advisor.report.document import Block, Figure, Report
from advisor.report.format import Format
from harness.probe_result import RESULT


def render(report: Report) -> bytes:
    """The contract's keys at the top, then the report's own under one key."""
    content = msgspec.to_builtins(report.experiment)
    content["report"] = {
        "title": report.title,
        "audience": report.audience,
        "note": report.note,
        "headline": report.headline,
        "sentence": report.sentence,
        "mind": report.mind,
        "facts": msgspec.to_builtins(report.facts),
        "prior": msgspec.to_builtins(report.prior),
        "decisions": msgspec.to_builtins(report.decisions),
        "reopened_by": msgspec.to_builtins(report.fired),
        "probes": {one.probe: msgspec.to_builtins(one) for one in report.probes},
        "probe_files": {one.probe: f"probes/{one.probe}/{RESULT}" for one in report.probes},
        "exports": msgspec.to_builtins(report.exports),
        "learning_curve": msgspec.to_builtins(report.curve),
        "judge": msgspec.to_builtins(report.judged),
        "weighing": msgspec.to_builtins(report.weighed.weighing if report.weighed else None),
        "axes": msgspec.to_builtins(report.axes),
        "items": msgspec.to_builtins(report.items),
        "sections": [
            {
                "key": section.key,
                "title": section.title,
                "blocks": [_block(block) for block in section.blocks],
            }
            for section in report.sections
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def _block(block: Block) -> dict[str, Any]:
    """A block with its kind; of a figure only its caption, since its numbers stand above."""
    kind = type(block).__name__.lower()
    if isinstance(block, Figure):
        return {"kind": kind, "caption": block.caption}
    if kind == "items":
        return {"kind": kind}  # they stand under a key of their own
    return {"kind": kind, **msgspec.to_builtins(block)}


FORMAT = Format("json", ".json", "application/json", render)
