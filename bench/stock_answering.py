"""transformers at the prompts of ``bench.answering``."""

from typing import TYPE_CHECKING, Any

from bench.sides import Done, Work

if TYPE_CHECKING:
    from bench.answering import Asking


def pipeline_answers(asking: "Asking") -> Work:
    """`pipeline`, one conversation at a time, as its first example has it."""
    import torch
    from transformers import pipeline

    from bench.answering import NEW_TOKENS, PIPELINE, SHARES

    torch.set_num_threads(asking.device.threads)
    model: Any = pipeline(
        "text-generation",
        model=str(asking.folder),
        dtype=getattr(torch, asking.device.precision),
        device=asking.device.kind,
    )

    def said(messages: list[dict[str, str]], limit: int) -> str:
        made = model(messages, max_new_tokens=limit, do_sample=False)
        return str(made[0]["generated_text"][-1]["content"]).strip()

    def work(job: str) -> Done:
        return Done([said(one.messages(), NEW_TOKENS) for one in asking.of(job, PIPELINE)])

    said(asking.prompts[SHARES][0].messages(), 2)
    return work


def batched_answers(asking: "Asking") -> Work:
    """`generate` on sorted prompts, padded on the left, 64 at a time."""
    from bench.answering import BATCHED, NEW_TOKENS, SHARES

    model, tokenizer = _opened(asking)

    def work(job: str) -> Done:
        prompts = [one.messages() for one in asking.of(job, BATCHED)]
        ids = [_ids(tokenizer, one) for one in prompts]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        texts = [""] * len(ids)
        for at in range(0, len(order), 64):
            rows = order[at : at + 64]
            for row, said in zip(rows, _continued(model, tokenizer, [ids[r] for r in rows],
                                                  NEW_TOKENS), strict=True):  # fmt: skip
                texts[row] = said
        return Done(list(texts))

    first = [_ids(tokenizer, one.messages()) for one in asking.prompts[SHARES][:2]]
    _continued(model, tokenizer, first, 2)
    return work


def held_answers(asking: "Asking") -> Work:
    """`generate`, one prompt at a time, allowed the tokens that lead to a label only."""
    from bench.answering import HELD, SHARES
    from harness.closed_answers import constraint_of

    model, tokenizer = _opened(asking)
    trie = constraint_of(asking.spec, tokenizer)

    def said(ids: list[int]) -> str:
        def allowed(_: int, so_far: Any) -> list[int]:
            walk = trie.start()
            for token in so_far.tolist()[len(ids) :]:
                walk.advance(token)
            return [int(token) for token in walk.allowed()]

        limit = {"prefix_allowed_tokens_fn": allowed}
        return str(_continued(model, tokenizer, [ids], trie.longest, **limit)[0])

    def work(job: str) -> Done:
        return Done([said(_ids(tokenizer, one.messages())) for one in asking.of(job, HELD)])

    said(_ids(tokenizer, asking.prompts[SHARES][0].messages()))
    return work


def _opened(asking: "Asking") -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device = asking.device
    torch.set_num_threads(device.threads)
    tokenizer: Any = AutoTokenizer.from_pretrained(str(asking.folder))
    model: Any = AutoModelForCausalLM.from_pretrained(
        str(asking.folder), dtype=getattr(torch, device.precision)
    )
    return model.to(device.kind).eval(), tokenizer


def _ids(tokenizer: Any, messages: list[dict[str, str]]) -> list[int]:
    found: list[int] = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=False
    )
    return found


def _continued(
    model: Any, tokenizer: Any, prompts: list[list[int]], limit: int, **more: Any
) -> list[str]:
    """Greedy continuations of prompts of similar length."""
    import torch

    filler = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    longest = max(map(len, prompts))
    ids = [[filler] * (longest - len(one)) + one for one in prompts]
    mask = [[0] * (longest - len(one)) + [1] * len(one) for one in prompts]
    with torch.inference_mode():
        made = model.generate(
            torch.tensor(ids, device=model.device),
            attention_mask=torch.tensor(mask, device=model.device),
            max_new_tokens=limit, do_sample=False, pad_token_id=filler, **more,
        )  # fmt: skip
    texts = tokenizer.batch_decode(made[:, longest:], skip_special_tokens=True)
    return [str(text).strip() for text in texts]
