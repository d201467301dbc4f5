"""One setting's pictures, measured as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from explorer.data import from_tensor, to_tensor
from explorer.evaluation.classifier import classify, load_classifier, logit_indices
from explorer.evaluation.errors import resamples, share, spread
from explorer.evaluation.frechet import Frechet
from explorer.evaluation.kernel import KernelDistance
from explorer.evaluation.records import Row, Setting
from explorer.evaluation.reference import Reference


class Judge:
    """Looks at the pictures of one setting as they come."""

    def __init__(
        self, reference: Reference, classes: Sequence[str], labels: Sequence[int] | None
    ) -> None:
        self.classifier, _ = load_classifier()
        self.frechet = Frechet(reference.features)
        self.kernel = KernelDistance(reference.features)
        self.own = logit_indices(classes)
        self.labels = None if labels is None else torch.tensor(labels)
        self.reset()

    def reset(self) -> None:
        """Another setting begins."""
        self.frechet.reset()
        self.features: list[Tensor] = []
        self.wrong: list[int] = []

    @property
    def count(self) -> int:
        """Pictures so far."""
        return self.frechet.count

    def add(self, x: Tensor) -> None:
        """The next pictures, (n, C, H, W); FloatingPointError if they are none."""
        if not x.isfinite().all():
            raise FloatingPointError("the model's images are not finite numbers")
        seen = classify(self.classifier, to_tensor(from_tensor(x)))
        if self.own and self.labels is not None:
            asked = self.labels[self.count :][: len(x)]
            wrong = seen.logits[:, self.own].argmax(1) != asked
            self.wrong += (wrong.nonzero().flatten() + self.count).tolist()
        self.frechet.add(seen.features)
        self.features.append(seen.features)

    def row(self, setting: Setting, seconds: float, evaluations: int) -> Row:
        """What was seen so far, without errors."""
        known = self.own and self.labels is not None
        accuracy = (self.count - len(self.wrong)) / self.count if known else None
        return Row(setting, self.count, self.frechet.distance(), accuracy, seconds, evaluations)

    def with_errors(self, row: Row) -> Row:
        """The row of all pictures with the unbiased distance and the errors; a second or two."""
        features = torch.cat(self.features)
        chosen = resamples(row.n)
        frechet = [self.frechet.of(features[index]) for index in chosen]
        kid = self.kernel.draws(features, chosen).tolist()
        known = row.accuracy is not None
        return replace(
            row,
            frechet_error=spread(frechet),
            kid=self.kernel.of(features),
            kid_error=spread(kid),
            accuracy_error=share(row.n - len(self.wrong), row.n).error if known else None,
            frechet_draws=_short(frechet),
            kid_draws=_short(kid),
            wrong=tuple(self.wrong) if known else None,
        )


def _short(draws: Sequence[float]) -> tuple[float, ...]:
    """In four digits: a draw is an error's hundredth part."""
    return tuple(float(f"{value:.4g}") for value in draws)
