"""Looking into a network while it works: what its parts cost, say and are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from explorer.networks.layers import ResBlock
from explorer.networks.unet import UNet


class _Counting(TorchDispatchMode):
    """Multiply-adds by the innermost module at work; of this thread alone."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = [""]
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula:  # PyTorch counts a multiplication with its addition as two
            self.counts[self.stack[-1]] += formula(*args, **(kwargs or {}), out_val=out) // 2
        return out


def multiply_adds(network: nn.Module, *inputs: Any) -> dict[str, int]:
    """Module's name -> multiply-adds of one call that happen in it, but not in its own modules.

    Of convolutions, linear layers and attention, as PyTorch's FlopCounterMode counts them; "" is
    the network itself. Works on the meta device, where nothing is computed.
    """
    counting = _Counting()
    with ExitStack() as hooks:
        for name, module in network.named_modules():

            def enter(*_: Any, name: str = name) -> None:
                counting.stack.append(name)

            def leave(*_: Any) -> None:
                counting.stack.pop()

            hooks.callback(module.register_forward_pre_hook(enter).remove)
            hooks.callback(module.register_forward_hook(leave).remove)
        with counting, torch.no_grad():
            network(*inputs)
    return dict(counting.counts)


def stages(network: nn.Module) -> dict[str, nn.Module]:
    """Name -> the module at whose end a stage of the network has its say.

    Of a U-Net: the last block of every level going down, the middle, and every level going up;
    of another network its direct parts.
    """
    if not isinstance(network, UNet):
        return dict(network.named_children())
    down = {f"down.{i}": blocks[-1][1] for i, blocks in enumerate(network.down)}
    up = {f"up.{i}": network.up[i][-1][1] for i in reversed(range(len(network.up)))}
    return {**down, "middle": network.middle[1], **up}


@contextmanager
def listening(modules: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """What these modules put out within: name -> (B, C, H, W); other shapes are left out."""
    heard: dict[str, Tensor] = {}
    with ExitStack() as hooks:
        for name, module in modules.items():

            def hear(_: nn.Module, inputs: Any, out: Any, name: str = name) -> None:
                if isinstance(out, Tensor) and out.dim() == 4:
                    heard[name] = out.detach()

            hooks.callback(module.register_forward_hook(hear).remove)
        yield heard


def time_embedding(network: nn.Module) -> nn.Module | None:
    """What makes an embedding of t for all that follows; None in a network without time."""
    found = (getattr(network, name, None) for name in ("time_mlp", "time"))
    return next((module for module in found if isinstance(module, nn.Module)), None)


@contextmanager
def without_time(network: nn.Module, *rows: int) -> Iterator[None]:
    """Within, the embedding of time that these members of a batch get is zero.

    What `time_embedding` puts out, (B, …), is replaced; the embedding of a class stays.
    ValueError for a network without time.
    """

    def silence(_: nn.Module, inputs: Any, out: Tensor) -> Tensor:
        out = out.clone()
        out[list(rows)] = 0
        return out

    module = time_embedding(network)
    if module is None:
        raise ValueError("this network has no time input")
    hook = module.register_forward_hook(silence)
    try:
        yield
    finally:
        hook.remove()


@torch.inference_mode()
def modulations(network: nn.Module, times: Tensor) -> dict[str, Tensor]:
    """Stage -> mean |scale| and mean |shift| of its residual blocks at each time; (2, times).

    Of adaptive group normalisation, see `ResBlock`; no class is given. Empty for a network that
    has none.
    """
    if not isinstance(network, UNet):
        return {}
    like = network.stem.weight
    embedding = nn.functional.silu(network.embed(len(times), times.to(like.device), None, like))
    found = {}
    for name in stages(network):
        blocks = [m for m in network.get_submodule(name).modules() if isinstance(m, ResBlock)]
        both = torch.stack(
            [torch.stack(b.modulation(embedding).chunk(2, dim=1)).abs().mean(-1) for b in blocks]
        )
        found[name] = both.mean(0).cpu()
    return found
