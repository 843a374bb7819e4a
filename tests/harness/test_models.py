import hashlib
import multiprocessing
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from harness import models
from harness.checksums import folder_revision
from harness.errors import UserError
from harness.models import (
    EMBEDDED,
    Embedded,
    cache_folder,
    resolve,
    unpacked,
)
from tests.command import here
from tests.conftest import make_llama

ROOT = Path(__file__).parents[2]


def refused(*arguments, **more):
    with pytest.raises(UserError) as raised:
        resolve(*arguments, **more)
    (problem,) = raised.value.problems
    return problem


# An embedded model in miniature: a package with a GGUF file, as the real one is


@pytest.fixture(scope="module")
def gguf(tmp_path_factory) -> Path:
    """A GGUF file of a tiny Llama with a byte tokenizer, written by the gguf library itself."""
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture
def embedded(gguf, tmp_path, monkeypatch) -> Path:
    """Makes the tiny file an embedded model named ``tiny``; returns its package."""
    package = tmp_path / "packages" / "tiny_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('a package that must not run')\n")
    (package / "tiny.gguf").write_bytes(gguf.read_bytes())
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("RUNGWISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(EMBEDDED, "tiny", entry(gguf))
    return package


def entry(gguf: Path) -> Embedded:
    digest = hashlib.sha256(gguf.read_bytes()).hexdigest()
    return Embedded(
        "generator", "tiny==1", "tiny_package", "tiny.gguf", "tiny.gguf", digest, "a tiny model"
    )


def write_gguf(path: Path) -> Path:
    import gguf
    import numpy as np

    width, vocabulary = 32, 261
    writer = gguf.GGUFWriter(str(path), "llama")
    for name, value in {
        "context_length": 64, "embedding_length": width, "block_count": 1,
        "feed_forward_length": 64, "head_count": 2, "head_count_kv": 1, "vocab_size": vocabulary,
    }.items():  # fmt: skip
        getattr(writer, f"add_{name}")(value)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    letters = [chr(256 + i) for i in range(vocabulary - 3)]
    pair = letters[0] + letters[1]
    writer.add_token_list([*letters, pair, "<|im_start|>", "<|im_end|>"])
    writer.add_token_types([1] * (vocabulary - 2) + [3, 3])
    writer.add_token_merges([f"{letters[0]} {letters[1]}"])
    writer.add_bos_token_id(vocabulary - 2)
    writer.add_eos_token_id(vocabulary - 1)
    rng = np.random.default_rng(0)
    shapes = {
        "token_embd": (vocabulary, width), "output_norm": (width,), "blk.0.attn_norm": (width,),
        "blk.0.attn_q": (width, width), "blk.0.attn_k": (16, width), "blk.0.attn_v": (16, width),
        "blk.0.attn_output": (width, width), "blk.0.ffn_norm": (width,),
        "blk.0.ffn_gate": (64, width), "blk.0.ffn_up": (64, width), "blk.0.ffn_down": (width, 64),
    }  # fmt: skip
    for name, shape in shapes.items():
        values = rng.standard_normal(shape).astype(np.float32)
        if values.ndim == 2 and values.shape[1] % 32 == 0:
            packed = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q4_1)
            kind = gguf.GGMLQuantizationType.Q4_1
            writer.add_tensor(f"{name}.weight", packed, raw_dtype=kind)
        else:
            writer.add_tensor(f"{name}.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_an_embedded_model_is_unpacked_once_and_found_afterwards(embedded):
    said: list[str] = []
    assert not unpacked("tiny")
    first = resolve("tiny", "generator", say=said.append)
    assert unpacked("tiny") and unpacked("all-minilm-l6-v2"), "a ready folder needs nothing"
    assert len(said) == 1 and said[0].startswith("Unpacking the embedded language model")
    weights = first.folder / "model.safetensors"
    written = weights.stat().st_mtime_ns
    assert resolve("tiny", "generator", say=said.append) == first
    assert len(said) == 1 and weights.stat().st_mtime_ns == written
    assert first.revision == EMBEDDED["tiny"].sha256[:16]
    assert first.folder.is_relative_to(cache_folder())


def test_unpacked_weights_are_the_ones_in_the_file_to_bfloat16(embedded, gguf):
    import gguf as library
    import torch
    from safetensors.torch import load_file

    weights = load_file(resolve("tiny", "generator").folder / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    stored = {t.name: t for t in library.GGUFReader(str(gguf)).tensors}
    for ours, theirs in {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.layers.0.mlp.up_proj.weight": "blk.0.ffn_up.weight",
        "model.layers.0.self_attn.v_proj.weight": "blk.0.attn_v.weight",
    }.items():
        tensor = stored[theirs]
        expected = torch.from_numpy(library.quants.dequantize(tensor.data, tensor.tensor_type))
        assert torch.equal(weights[ours], expected.to(torch.bfloat16))


def test_a_half_written_folder_is_made_again(embedded):
    folder = resolve("tiny", "generator").folder
    (folder / "complete").unlink()
    (folder / "model.safetensors").write_bytes(b"cut off")
    resolve("tiny", "generator")
    assert (folder / "model.safetensors").stat().st_size > 1000
    assert (folder / "complete").is_file()


def test_weights_that_are_not_the_tested_ones_are_refused(embedded):
    with (embedded / "tiny.gguf").open("ab") as file:
        file.write(b"one byte more")
    problem = refused("tiny", "generator")
    assert problem.message.startswith("the weights of tiny have checksum ")
    assert f"expected {EMBEDDED['tiny'].sha256[:12]}…" in problem.message
    assert problem.fix == "install them again: rungwise models pull tiny"
    assert not (cache_folder() / "models").exists()


@pytest.mark.parametrize("damage", ["other bytes", "no file", "nothing"])
def test_pulling_a_model_whose_files_are_damaged_installs_them_again(
    embedded, gguf, monkeypatch, damage
):
    weights, asked = embedded / "tiny.gguf", []
    if damage == "other bytes":
        weights.write_bytes(b"cut off")
    elif damage == "no file":
        weights.unlink()

    def pip(command, **more):
        asked.append(command[3:])
        shutil.copyfile(gguf, weights)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr("advisor.verbs.models.subprocess.run", pip)
    pulled = here("models", "pull", "tiny")
    assert (pulled.returncode, pulled.stdout) == (0, "tiny is ready\n"), pulled.stderr
    again = ["install", "--no-deps", "--force-reinstall", "tiny==1"]
    assert asked == ([] if damage == "nothing" else [again])


def test_a_process_waits_for_the_one_that_is_unpacking_and_takes_its_work(embedded, gguf):
    from filelock import FileLock

    target = cache_folder() / "models" / f"tiny-{EMBEDDED['tiny'].sha256[:12]}"
    target.mkdir(parents=True)
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    with FileLock(f"{target}.lock"):
        other = context.Process(target=_resolve_there, args=(embedded.parent, gguf, said))
        other.start()
        assert said.get(timeout=60) == "looking"
        time.sleep(1.0)
        assert other.is_alive(), "it waits"
        (target / "complete").write_text("ok\n", encoding="utf-8")
    assert said.get(timeout=60) == str(target)
    other.join()
    assert said.empty(), "nothing was unpacked a second time"


def _resolve_there(packages: Path, gguf: Path, said) -> None:
    import sys

    sys.path.insert(0, str(packages))
    EMBEDDED["tiny"] = entry(gguf)
    said.put("looking")
    said.put(str(resolve("tiny", "generator", say=said.put).folder))


def test_a_model_that_is_not_installed_says_how_to_get_it(monkeypatch):
    absent = EMBEDDED["smollm2-135m-instruct"]._replace(module="no_such_package")
    monkeypatch.setitem(EMBEDDED, "smollm2-135m-instruct", absent)
    problem = refused("smollm2-135m-instruct", "generator")
    assert problem.message == "the embedded model smollm2-135m-instruct is not installed"
    assert problem.fix == "run: rungwise models pull smollm2-135m-instruct"


@pytest.mark.slow
@pytest.mark.parametrize("name", list(EMBEDDED))
def test_the_real_embedded_models_are_the_tested_ones(name):
    ref = resolve(name, EMBEDDED[name].role)
    assert (ref.folder / "config.json").is_file() and ref.note


# Names


def test_a_wrong_name_lists_those_there_are_and_the_nearest():
    problem = refused("smolm2-135m-instruct", "generator")
    assert problem.message == "there is no model named 'smolm2-135m-instruct'"
    assert problem.fix.startswith("did you mean smollm2-135m-instruct? Embedded: ")
    assert "smollm2-135m-instruct" in problem.fix and "config.json" in problem.fix
    assert problem.where == "[model] generator"


def test_a_name_like_no_other_gets_no_suggestion():
    assert refused("zzz", "embedder").fix.startswith("Embedded: all-minilm-l6-v2.")


def test_a_model_in_the_wrong_place_is_told_its_own_role():
    problem = refused("all-minilm-l6-v2", "generator")
    assert problem.message == "all-minilm-l6-v2 cannot be the generator: it is the embedder"


@pytest.mark.parametrize(
    ("name", "revision", "wanted", "pull"),
    [
        ("owner/model", "", "owner/model", "owner/model"),
        ("owner/model", "abc123", "owner/model at revision abc123", "owner/model@abc123"),
        ("owner/model@v2", "", "owner/model at revision v2", "owner/model@v2"),
    ],
)
def test_a_hub_model_that_is_not_here_says_how_to_get_it(
    name, revision, wanted, pull, tmp_path, monkeypatch
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    problem = refused(name, "generator", revision=revision)
    assert problem.message == f"the hub model {wanted} is not on this machine"
    assert problem.fix == f"run: rungwise models pull {pull}"


@pytest.mark.parametrize("name", ["own er/model", "owner/mo..del--", "/nowhere/at all", "x" * 5000])
def test_what_is_no_name_at_all_is_refused_in_words(name):
    assert refused(name, "generator").fix


# Folders


def test_a_folder_is_looked_up_in_the_project_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for root in (tmp_path, tmp_path / "project"):
        make_llama(root / "model")
    ref = resolve("model", "generator", tmp_path / "project")
    assert ref.folder == (tmp_path / "project" / "model").resolve()
    assert resolve("model", "generator").folder == (tmp_path / "model").resolve()


def test_the_revision_of_a_folder_changes_with_its_weights_only(tmp_path):
    folder = make_llama(tmp_path / "model")
    before = folder_revision(folder, tmp_path)
    (folder / "README.md").write_text("a remark", encoding="utf-8")
    assert folder_revision(folder, tmp_path) == before
    make_llama(folder, hidden_size=32, head_dim=8)
    assert folder_revision(folder, tmp_path) != before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"RUNGWISE_CACHE": "a"}, Path("a")),
        ({"XDG_CACHE_HOME": "b"}, Path("b/rungwise")),
        ({"LOCALAPPDATA": "c"}, Path("c/rungwise")),
        ({}, Path.home() / ".cache" / "rungwise"),
    ],
)
def test_where_converted_models_are_kept(monkeypatch, given, expected):
    for name in ("RUNGWISE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == expected


def test_looking_for_a_package_does_not_run_it(embedded):
    assert models.locate("tiny") == embedded
    assert Path(embedded / "tiny.gguf").exists()
