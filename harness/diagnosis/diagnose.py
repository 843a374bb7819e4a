"""From scored answers to why each rung fails: the main flow, one line a kind of reason."""

from harness.diagnosis.abstention import abstention
from harness.diagnosis.citing import citations
from harness.diagnosis.findings import Diagnostics, RungDiagnosis
from harness.diagnosis.form import form
from harness.diagnosis.json_fields import json_fields
from harness.diagnosis.labels import labels
from harness.diagnosis.languages import languages
from harness.diagnosis.losses import losses
from harness.diagnosis.material import Material
from harness.diagnosis.overfitting import overfitting
from harness.diagnosis.retrieval import READER, distraction, given_passages, handed, retrieval
from harness.diagnosis.seen import seen
from harness.diagnosis.slices import slices
from harness.diagnosis.subject import Subject
from harness.diagnosis.telling import disagreed, missed


def diagnose(material: Material) -> Diagnostics:
    """Why each rung fails where it fails."""
    subjects = material.subjects
    known = [s for one in subjects.values() for row in one.scores for s in row if s is not None]
    return Diagnostics(
        metric=material.metric.name,
        right_from=next((one.right_from for one in subjects.values()), 1.0),
        graded=any(score not in (0.0, 1.0) for score in known),
        rungs={name: _one(material, subject) for name, subject in subjects.items()},
        disagreed=disagreed(material),
    )


def _one(material: Material, subject: Subject) -> RungDiagnosis:
    parts, n_parts = slices(material, subject)
    n = sum(subject.scored)
    return RungDiagnosis(
        n=n,
        n_answers=n * len(subject.scores),
        score=material.share(subject.scores),
        losses=losses(material, subject),
        retrieval=retrieval(material, subject),
        distraction=distraction(material, subject),
        handed=handed(material, subject),
        citations=citations(material, subject),
        given_passages=given_passages(material, subject),
        own_reader=given_passages(material, subject, READER.get(subject.name, "")),
        abstention=abstention(material, subject),
        form=form(material, subject),
        labels=labels(material, subject),
        fields=json_fields(material, subject),
        seen=seen(material, subject),
        slices=parts,
        n_slices=n_parts,
        missed=missed(material, subject),
        overfitting=overfitting(subject),
        languages=languages(material, subject),
    )
