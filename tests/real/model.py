"""A llama with random weights and its tokenizer, written as GGUF on the spot: a real model, without a download.

Rule: the same shape gives the same file, byte for byte. The output is noise; its pace and its protocol are real.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import ascii_lowercase

import gguf
import numpy as np

CONTEXT_TOKENS = 8192
SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHAT_TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@dataclass(frozen=True)
class Shape:
    """The size of a model. With `ascii_only` false it also says single bytes of multi-byte characters."""

    name: str
    embedding: int
    layers: int
    heads: int
    kv_heads: int
    feed_forward: int
    ascii_only: bool = True

    def tensors(self, vocabulary: int) -> dict[str, tuple[int, ...]]:
        """Name -> shape of every tensor, as llama.cpp expects them of the `llama` architecture."""
        width, kv_width = self.embedding, self.embedding * self.kv_heads // self.heads
        layer = {
            "attn_norm": (width,),
            "attn_q": (width, width),
            "attn_k": (kv_width, width),
            "attn_v": (kv_width, width),
            "attn_output": (width, width),
            "ffn_norm": (width,),
            "ffn_gate": (self.feed_forward, width),
            "ffn_up": (self.feed_forward, width),
            "ffn_down": (width, self.feed_forward),
        }
        layers = {f"blk.{i}.{name}.weight": shape for i in range(self.layers) for name, shape in layer.items()}
        ends = {"token_embd": (vocabulary, width), "output_norm": (width,), "output": (vocabulary, width)}
        return layers | {f"{name}.weight": shape for name, shape in ends.items()}


NANO = Shape("nano", embedding=64, layers=2, heads=4, kv_heads=2, feed_forward=192)
"""0.8 MB: thousands of tokens a second, for tests of the protocol."""
TINY = Shape("tiny", embedding=256, layers=4, heads=8, kv_heads=4, feed_forward=896)
"""16 MB: slow enough that its own clock can be compared with ours."""
BYTES = Shape("bytes", embedding=64, layers=2, heads=4, kv_heads=2, feed_forward=192, ascii_only=False)
"""As nano, but half of what it says is no character yet: tokens without an event of their own."""
SHAPES = (NANO, TINY, BYTES)


def spell_bytes() -> list[str]:
    """The character by which a byte-level tokenizer spells each byte (GPT-2's table: a printable one as itself)."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    rest = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(rest)) for byte in range(0x100)]


def make_model(shape: Shape, folder: Path) -> Path:
    """Write `NAME.gguf` into `folder`: every byte is a token, and so is every pair of lower-case letters."""
    letters = spell_bytes()[: 0x80 if shape.ascii_only else 0x100]
    pairs = list(product(ascii_lowercase, repeat=2))
    tokens = [*letters, *map("".join, pairs), *SPECIAL_TOKENS]
    special = len(tokens) - len(SPECIAL_TOKENS)

    path = folder / f"{shape.name}.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(shape.name)
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(shape.embedding)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.embedding // shape.heads)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * special + [gguf.TokenType.CONTROL] * len(SPECIAL_TOKENS))
    writer.add_token_merges([f"{first} {second}" for first, second in pairs])
    writer.add_bos_token_id(special)
    writer.add_eos_token_id(special + 2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)

    random = np.random.default_rng(0)
    for name, dimensions in shape.tensors(len(tokens)).items():
        weights = np.ones(dimensions) if "norm" in name else random.normal(0, dimensions[-1] ** -0.5, dimensions)
        writer.add_tensor(name, weights.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
