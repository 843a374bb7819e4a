"""Words of the report that do not depend on a run."""

from collections.abc import Mapping

from harness.types import Kind

KIND_WORDS: Mapping[Kind, str] = {
    "label": "choose one label for each message",
    "json": "take data from each message in a fixed form",
    "answer": "answer questions",
    "text": "write a text for each request",
}
"""What the model is asked to do."""

UPKEEP: Mapping[str, str] = {
    "prompt": "Nothing has to be kept current but the instruction.",
    "few_shot": "The examples have to be kept current.",
    "searched_prompt": "A changed task or model asks for another search.",
    "constrained": "The form has to be kept current.",
    "rag": "The documents have to be kept current; a changed one counts from the next question on.",
    "finetune": "Whatever changes has to be trained again.",
    "rag_finetune": "The documents have to be kept current, and the model trained again when the "
    "manner of answering changes.",
    "preference": "Whatever changes has to be trained again.",
}
"""What a rung asks for after the first day."""

GLOSSARY = (
    ("Rung", "One way to get the task done. The rungs stand in order of effort."),
    (
        "Prompt",
        "An instruction to a general model. Nothing is trained, nothing is looked up.",
    ),
    (
        "Constrained prompt",
        "The same instruction, while the model can write allowed answers only: a label of the "
        "list, or JSON by the schema.",
    ),
    (
        "Searched prompt",
        "The best of several instructions and worked examples, as found on the dev set.",
    ),
    ("Retrieval (RAG)", "For each question passages are looked up and put before the model."),
    ("Fine-tuning", "A model is trained further on examples, so that its behaviour changes."),
    (
        "Adapter (LoRA)",
        "The small part that fine-tuning trains here; the model itself stays as it is.",
    ),
    (
        "Preference alignment (DPO)",
        "A tuned model is trained further on pairs of a better and a worse answer.",
    ),
    ("Demonstration", "A worked example shown to the model before the question."),
    ("Passage", "A piece of a document, as long as a paragraph."),
    (
        "Passage found",
        "Among the passages before the model there was one with the answer (recall).",
    ),
    (
        "Reader",
        "The model when it answers from passages. Finding them is the search's part of the work.",
    ),
    (
        "The right passage handed over",
        "The same reader told where the answer stands: what it would reach if search never missed. "
        "No rung is told that; it shows how much a better search can bring at most.",
    ),
    (
        "Held-out set",
        "Questions with known answers that no rung saw while it was built. All scores are on it.",
    ),
    (
        "Dev set",
        "Further questions on which settings were chosen, so that the held-out set stays unused.",
    ),
    (
        "95 % interval",
        "The range in which the score of many more such questions would lie, 95 times in 100.",
    ),
    ("Point", "One hundredth: from 40 % to 45 % is 5 points."),
    (
        "Too close to call",
        "The interval of a difference holds both more and less. More questions can settle it.",
    ),
    (
        "Margin",
        "The difference that was said, before the check, to be too small to matter.",
    ),
    (
        "No difference that matters",
        "Shown to be smaller than the margin, to either side (equivalent): the 90 % interval lies "
        "within it.",
    ),
    (
        "Without a language model (floor)",
        "What simple means reach on the same questions. A rung that is no better is not worth it.",
    ),
    (
        "Macro-F1",
        "How well labels are told, each counted alike: rare ones weigh as much as common ones.",
    ),
    (
        "p, adjusted",
        "How often chance alone would show so large a difference; adjusted for having looked at "
        "several pairs.",
    ),
    (
        "Seed",
        "The number that starts the chance in training. Another seed gives a slightly other model.",
    ),
    ("Fingerprint", "A check sum of task, data and split. The same data gives the same one."),
)
