"""Take a race away: as something that moves, as a strip, as numbers, as a script."""

from __future__ import annotations

import io
import json

import numpy as np

from explorer.export.animation import animation
from explorer.export.filmstrip import filmstrip
from explorer.export.script import python_snippet
from explorer.race.view import RaceView, decode

__all__ = ["animation", "filmstrip", "frames_npz", "python_snippet"]

README = """\
Frames of a race of the Diffusion Explorer. For lane i = 0, 1, ...:

  i_name          what the lane is called
  i_times         t of each frame, from T (noise) to 0 (the image)
  i_x             x_t, float32, (frames, images, C, H, W); images lie in [-1, 1]
  i_x0            the model's belief x0 at each frame, like i_x
  i_z             the noise z that the step from each frame adds, like i_x; 0 where it adds none;
                  only of lanes that add noise
  i_change        what the sampler's correction adds to the step, its weight included, like i_x;
                  only of samplers that correct their steps
  i_steps         (t, s) of the step that is taken from each frame; (0, 0) at the end
  i_coefficients  [sqrt(abar_t), sqrt(1 - abar_t), sqrt(abar_s), sqrt(1 - abar_s - sigma^2), sigma]
                  of that step; under the root sigma^2 is always eta^2 beta~, also where sigma
                  itself is another: with sigma^2 = beta, or without noise on purpose; where the
                  sampler corrects its steps, the correction's weight comes sixth
  i_evaluated     network evaluations spent when the frame was there

eps = (x - c[0] x0) / c[1] and x_s = c[2] x0 + c[3] eps + c[4] z (+ change), c the
coefficients.

Values of x and x0 are quantised to steps of 1/4080 (off by at most 1/8160; cut at +-8.03, without
clipping of x0 not at all), those of z to steps of 1/32 (off by at most 1/64; cut at +-3.97). Long
lanes keep about 120 frames.
"settings" is JSON: model, seed, labels and samplers, all it takes to repeat the race.
"""


def frames_npz(view: RaceView) -> bytes:
    """All frames as a compressed .npz that `np.load` opens without pickle.

    For lane i `i_name`, `i_times`, `i_x`, `i_x0` (float32, frames × pictures × C × H × W), `i_z`
    if it adds noise, `i_change` if its sampler corrects steps, `i_steps`, `i_coefficients`,
    `i_evaluated`; "settings" (JSON) and "README", which says what the rest is and how exact. The
    same race gives the same bytes. ValueError if it has no frames yet.
    """
    if not any(lane.times for lane in view.lanes):
        raise ValueError("this race has no frames yet; run it before you export it")
    arrays: dict[str, np.ndarray] = {
        "README": np.array(README),
        "settings": np.array(json.dumps(view.settings, ensure_ascii=False)),
    }
    for i, (lane, frames) in enumerate(zip(view.lanes, decode(view), strict=True)):
        arrays |= {
            f"{i}_name": np.array(lane.name),
            f"{i}_times": np.array(lane.times, np.int64),
            f"{i}_x": frames.x.numpy(),
            f"{i}_x0": frames.x0.numpy(),
            f"{i}_steps": np.array(lane.steps, np.int64).reshape(-1, 2),
            f"{i}_coefficients": np.array(lane.coefficients, np.float64).reshape(
                len(lane.times), -1
            ),
            f"{i}_evaluated": np.array(lane.evaluated, np.int64),
        }
        if frames.z is not None:
            arrays[f"{i}_z"] = frames.z.numpy()
        if frames.change is not None:
            arrays[f"{i}_change"] = frames.change.numpy()
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
