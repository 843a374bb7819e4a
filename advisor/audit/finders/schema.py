"""A schema that decoding cannot hold answers to."""

from collections.abc import Iterator

from advisor.audit.finding import Finder, Finding, Material, finding
from tuning.constrain import obstacle


def find(material: Material) -> Iterator[Finding]:
    """What of the schema is in the way, and what that costs the check."""
    if material.spec.kind != "json" or not material.spec.schema:
        return
    found = obstacle(material.spec.schema)
    if found is not None:
        yield finding(
            "malformed",
            "warning",
            (),
            f"Answers cannot be held to the schema: {found.reason}. The constrained prompt cannot "
            "run, and the other rungs can only write freely, so that some answers may not follow "
            "the schema.",
            "Say it in simpler keywords of JSON Schema.",
        )


FINDER = Finder(("malformed",), find)
