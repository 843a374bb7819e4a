"""Every metric against an implementation that is not ours, against SQuAD's rules worked by hand,
and against one contract for all."""

import json
import random
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.compare import corpus_interval
from harness.family import over_all
from harness.metric import fitted
from harness.metrics import metrics
from harness.scoring import item_scores, mean_score
from harness.types import Answer, Example, Score, TaskSpec, TrainView

LABELS = ("billing", "delivery", "login", "other")
SCHEMA = json.dumps({"type": "object", "properties": {"qty": {"type": "integer"}}})
SPECS = {
    "label": TaskSpec("t", "label", "i", labels=LABELS),
    "json": TaskSpec("t", "json", "i", schema=SCHEMA),
    "answer": TaskSpec(
        "t",
        "answer",
        "i",
        abstention="I do not know.",
        must_use=("parcel",),
        must_not_use=("asap",),
    ),
    "text": TaskSpec("t", "text", "i", must_use=("Dear",), must_not_use=("asap",)),
}
KEYS = [(name, kind) for name, metric in metrics().items() for kind in sorted(metric.kinds)]


def score(name, said, references, *, kind="", facts=(), language="en", spec=None):
    """One answer's score."""
    spec = spec or SPECS[kind or sorted(metrics()[name].kinds)[0]]
    spec = TaskSpec(**{**{n: getattr(spec, n) for n in spec.__slots__}, "language": language})
    references = (references,) if isinstance(references, str) else tuple(references)
    example = Example("e", "q", references, key_facts=facts)
    return metrics()[name].item(example, Answer("e", said), spec).value


def corpus(name, pairs, spec):
    """The metric over (said, reference) pairs."""
    examples = [Example(f"e{i}", "q", (right,)) for i, (_, right) in enumerate(pairs)]
    answers = [Answer(f"e{i}", said) for i, (said, _) in enumerate(pairs)]
    return mean_score(metrics()[name], examples, answers, spec)


# The contract

REFERENCE = {
    "label": ("delivery",),
    "json": ('{"qty":2,"items":["a","b"],"note":null}',),
    "answer": ("The parcel takes 7 days.", "One week."),
    "text": ("Dear Ms Öztürk,\nyour parcel, no. 4.5, is late…", "—"),
}
HOUSE = {
    "answer": "The {thing} takes {n} days.",
    "text": "Dear {name},\nyour {thing}, no. {n}.5, is late…",
}
"""How the house writes, for metrics that learn it."""
THINGS = ("parcel", "refund", "repair", "letter", "box")
NAMES = ("Ms Öztürk", "Mr Kaya", "Ms Brown", "Mr Silva")
FACTS = {"answer": ("7 days",), "text": ("4.5", "late")}


def view_of(kind):
    """Rows of a house that writes like the reference, each thing and name in turn."""
    rows = []
    for n in range(60):
        thing, name = THINGS[n % len(THINGS)], NAMES[n % len(NAMES)]
        text = HOUSE[kind].format(thing=thing, name=name, n=n) if kind in HOUSE else "{}"
        rows.append(
            Example(f"r{n}", f"So how long would a {thing} take me now, case {n}?", (text,))
        )
    return TrainView(SPECS[kind], tuple(rows[:40]), tuple(rows[40:]), ())


@cache
def ready(name, kind):
    """A metric that has learned what it must learn."""
    return fitted(metrics()[name], view_of(kind))


def example_of(kind, place=0):
    return Example(f"e{place}", "q", REFERENCE[kind], key_facts=FACTS.get(kind, ()))


def scored(name, kind, texts):
    """Mean over equal examples with these answers; for metrics of a whole set as for others."""
    examples = [example_of(kind, place) for place in range(len(texts))]
    answers = [Answer(f"e{place}", text) for place, text in enumerate(texts)]
    return mean_score(ready(name, kind), examples, answers, SPECS[kind])


@pytest.mark.parametrize(("name", "kind"), KEYS)
def test_the_reference_itself_has_the_best_score(name, kind):
    value = scored(name, kind, [REFERENCE[kind][0]])
    if name == "style_match_score":  # holds a probability, which is never full
        assert 0.85 < value < 1
    else:
        assert value == pytest.approx(1.0)


@pytest.mark.parametrize(("name", "kind"), KEYS)
@pytest.mark.parametrize("text", ["", " ", "\n", "the", "?", "\0", "ş" * 5000, "{", "[" * 5000])
def test_no_answer_however_odd_is_a_crash_or_a_score_outside_0_to_1(name, kind, text):
    value = scored(name, kind, [text])
    assert value is not None and 0 <= value <= 1
    assert value < 1 or name == "right_to_abstain_score", "none of these is a right answer"


COUNTED = [(name, kind) for name, kind in KEYS if metrics()[name].counts]


@pytest.mark.parametrize(("name", "kind"), COUNTED)
def test_an_arm_without_any_answer_is_undefined_and_no_crash(name, kind):
    value, (items,) = over_all(metrics()[name], SPECS[kind], [[[None, None]]])
    found = corpus_interval(value, items)
    assert (found.mean, found.n, found.n_failed) == (None, 0, 2)


@pytest.mark.parametrize(("name", "kind"), COUNTED)
@given(
    pairs=st.lists(
        st.tuples(st.sampled_from(LABELS), st.sampled_from([*LABELS, "", "x"])), min_size=1
    )
)
def test_what_is_counted_is_the_same_score(name, kind, pairs):
    metric, spec = metrics()[name], SPECS[kind]
    rows = [(Example("e", "q", (right,)), Answer("e", said)) for right, said in pairs]
    counts = metric.counts.of(rows, spec)
    assert len(counts) == len(rows)
    (found,) = metric.counts.value(counts.sum(axis=0, keepdims=True))
    assert found == pytest.approx(metric.whole(rows, spec).value)


@pytest.mark.parametrize(("name", "kind"), KEYS)
def test_the_order_of_items_does_not_count(name, kind):
    texts = ["delivery", "login", "The parcel", "7 days late 4.5", '{"qty":2}', "", "{}", "—"]
    right = [REFERENCE[kind][0]] * 3
    shuffled = random.Random(1).sample([*texts, *right], len(texts) + 3)
    first = scored(name, kind, [*texts, *right])
    assert 0 < first <= 1
    assert scored(name, kind, shuffled) == pytest.approx(first)


@pytest.mark.parametrize(("name", "kind"), KEYS)
def test_a_score_is_missing_only_with_a_reason(name, kind):
    metric = ready(name, kind)
    bare = Example("e", "q", REFERENCE[kind])
    unanswerable = Example("u", "q", ())
    silent = TaskSpec("t", kind, "i", labels=LABELS, schema=SCHEMA)
    if metric.whole is not None:
        empty = metric.whole([], SPECS[kind])
        assert empty.value is None and empty.reason
        return
    for spec in (SPECS[kind], silent):
        for example in (bare, unanswerable) if spec.abstention else (bare,):
            found = metric.item(example, Answer(example.id, "x"), spec)
            assert (found.value is None) == bool(found.reason)


@pytest.mark.parametrize(("name", "kind"), [k for k in KEYS if not metrics()[k[0]].whole])
def test_a_failure_has_no_score_and_is_not_in_the_mean(name, kind):
    examples = [example_of(kind, 0), example_of(kind, 1)]
    answer = Answer("e0", REFERENCE[kind][0])
    first, second = item_scores(ready(name, kind), examples, {"e0": answer}, SPECS[kind])
    assert first.value == pytest.approx(1) or name == "style_match_score"
    assert (second.value, second.reason) == (None, "no answer")
    assert mean_score(ready(name, kind), examples, [answer], SPECS[kind]) == first.value


def test_a_task_with_abstention_gives_full_marks_for_abstaining_where_nothing_answers():
    for name in metrics():
        for kind in sorted(metrics()[name].kinds - {"json"}):
            metric = ready(name, kind)
            if name == "valid_label_score":
                continue  # the abstention is no label
            spec = replace(SPECS[kind], labels=LABELS, abstention="I do not know.")
            pair = (Example("u", "q", ()), Answer("u", "I do not know."))
            found = metric.whole([pair], spec) if metric.whole else metric.item(*pair, spec)
            assert found.value == pytest.approx(1), (name, kind, found)


# Labels, against scikit-learn

labels = st.sampled_from(LABELS)


@settings(deadline=None)
@given(st.lists(st.tuples(labels | st.sampled_from(["nonsense", ""]), labels), min_size=1))
def test_accuracy_and_macro_f1_are_scikit_learns(pairs):
    from sklearn.metrics import accuracy_score, f1_score

    said, right = zip(*pairs, strict=True)
    assert corpus("accuracy_score", pairs, SPECS["label"]) == pytest.approx(
        accuracy_score(right, said)
    )
    # averaged over the labels that occur among the references
    wanted = f1_score(right, said, labels=sorted(set(right)), average="macro", zero_division=0)
    assert corpus("macro_f1_score", pairs, SPECS["label"]) == pytest.approx(wanted)


def test_case_and_space_around_a_label_do_not_count_but_words_around_it_do():
    assert score("accuracy_score", " Billing\n", "billing") == 1
    assert score("accuracy_score", "billing.", "billing") == 0
    assert score("accuracy_score", "The label is billing", "billing") == 0
    assert score("valid_label_score", "Login ", "billing") == 1
    assert score("valid_label_score", "logins", "billing") == 0


def test_an_answer_outside_the_label_set_is_wrong_and_not_left_out():
    assert corpus("accuracy_score", [("nonsense", "login")], SPECS["label"]) == 0
    assert corpus("macro_f1_score", [("nonsense", "login")], SPECS["label"]) == 0


def test_naming_the_frequent_label_always_has_high_accuracy_and_low_macro_f1():
    pairs = [("login", "login")] * 9 + [("login", "billing")]
    assert corpus("accuracy_score", pairs, SPECS["label"]) == pytest.approx(0.9)
    assert corpus("macro_f1_score", pairs, SPECS["label"]) == pytest.approx((18 / 19 + 0) / 2)


# Wording, against rouge-score and sacrebleu

WORDS = ("parcel", "days", "two", "late", "refund", "of", "to", "is", "box", "7", "42")
words = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@settings(deadline=None)
@given(words, words)
def test_rouge_l_is_that_of_rouge_score_without_stemming(said, right):
    from rouge_score.rouge_scorer import RougeScorer

    wanted = RougeScorer(["rougeL"], use_stemmer=False).score(right, said)["rougeL"].fmeasure
    if not said and not right:
        wanted = 1.0  # two empty texts agree; rouge-score says 0
    assert score("rouge_l_score", said, right) == pytest.approx(wanted)


def test_rouge_l_differs_from_rouge_score_only_by_the_normalisation_of_all_our_metrics():
    from rouge_score.rouge_scorer import RougeScorer

    other = RougeScorer(["rougeL"], use_stemmer=False)
    # articles do not count here, and letters beyond ASCII do
    for said, right in (("the box", "box"), ("Çünkü ücretsiz", "çünkü ücretsiz")):
        assert score("rouge_l_score", said, right) == 1
    assert other.score("box", "the box")["rougeL"].fmeasure < 1


@settings(deadline=None)
@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_chrf_is_that_of_sacrebleu_over_100(said, right):
    import sacrebleu

    wanted = sacrebleu.sentence_chrf(said, [right], beta=2, char_order=6, word_order=0).score / 100
    assert score("chrf_score", said, right) == pytest.approx(wanted)


spoken = st.one_of(words, st.text(max_size=20))


@settings(deadline=None)
@given(
    st.lists(st.tuples(spoken, st.lists(words.filter(bool), min_size=1, max_size=3)), min_size=1)
)
def test_bleu_is_that_of_sacrebleu_over_100_over_all_answers_together(rows):
    import sacrebleu

    said = [text for text, _ in rows]
    most = max(len(right) for _, right in rows)
    streams = [[right[at] if at < len(right) else None for _, right in rows] for at in range(most)]
    # where an answer has four words this is what sacrebleu does by itself
    bleu = sacrebleu.BLEU(effective_order=True)
    pairs = [(Example("e", "q", tuple(right)), Answer("e", text)) for text, right in rows]
    found = metrics()["bleu_score"].whole(pairs, SPECS["answer"])
    assert found.value == pytest.approx(bleu.corpus_score(said, streams).score / 100, abs=1e-9)
    if any(len(text.split()) >= 4 for text in said):
        usual = sacrebleu.corpus_bleu(said, streams).score / 100
        assert found.value == pytest.approx(usual, abs=1e-9)


def test_bleu_is_resampled_by_its_counts_as_by_itself():
    rng = random.Random(2)
    examples = [Example(f"e{i}", "q", (" ".join(rng.choices(WORDS, k=8)),)) for i in range(30)]
    answers = [Answer(one.id, " ".join(one.references[0].split()[: rng.randrange(9)]))
               for one in examples]  # fmt: skip
    metric, spec = metrics()["bleu_score"], SPECS["text"]
    pairs = list(zip(examples, answers, strict=True))
    quick, (rows,) = over_all(metric, spec, [[pairs]])
    slow, (items,) = over_all(replace(metric, counts=None), spec, [[pairs]])
    found, wanted = corpus_interval(quick, rows), corpus_interval(slow, items)
    assert found.low < found.mean < found.high
    assert (found.low, found.mean, found.high) == pytest.approx(
        (wanted.low, wanted.mean, wanted.high), abs=1e-12
    )


def test_bleu_leaves_out_what_has_no_reference_and_knows_words_without_spaces():
    bare = replace(SPECS["text"], abstention="")
    rows = [(Example("a", "q", ("two days late",)), Answer("a", "two days late")),
            (Example("b", "q", ()), Answer("b", "anything at all"))]  # fmt: skip
    bleu = metrics()["bleu_score"]
    assert bleu.whole(rows, bare).value == pytest.approx(1)
    assert bleu.whole(rows[1:], bare) == Score(None, "no reference")
    for language in ("zh", "ja"):
        spec = replace(bare, language=language)
        pair = (Example("a", "q", ("退货需要十四天",)), Answer("a", "退货需要七天"))
        assert 0.2 < bleu.whole([pair], spec).value < 1
        assert bleu.whole([pair], replace(bare, language="en")).value == 0


def test_the_closest_reference_counts():
    for name in ("rouge_l_score", "chrf_score", "token_f1_score", "exact_match_score"):
        assert score(name, "two days", ["one week", "two days"], kind="text") == pytest.approx(1)
