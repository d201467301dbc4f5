"""How far pictures are from other pictures, as two Gaussians in feature space."""

from __future__ import annotations

from torch import Tensor, nn


class GivenFeatures(nn.Module):
    """For the metric: the features are there already; it is to reckon in float64."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.num_features = count

    def forward(self, features: Tensor) -> Tensor:
        return features.double()


class Frechet:
    """‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½): Heusel et al. 2017, eq. 6.

    μ, Σ are mean and (unbiased) covariance of features; 1 is the reference, 2 what is added.

    Parameters
    ----------
    reference : (m, d), features of at least two pictures, kept for every distance.

    Raises
    ------
    ValueError
        For other shapes, fewer than two pictures, or features that are not finite.
    """

    def __init__(self, reference: Tensor) -> None:
        from torchmetrics.image.fid import FrechetInceptionDistance  # takes seconds to import

        check_features(reference)
        if len(reference) < 2:
            raise ValueError("a reference needs at least two images")
        self.features = reference.shape[1]
        self.metric = FrechetInceptionDistance(
            GivenFeatures(self.features), reset_real_features=False
        )
        self.metric.update(reference.cpu(), real=True)
        self.count = 0

    def reset(self) -> None:
        """Forget what was added, not the reference."""
        self.metric.reset()
        self.count = 0

    def add(self, features: Tensor) -> None:
        """(n, d) more."""
        check_features(features)
        if features.shape[1] != self.features:
            raise ValueError(f"{features.shape[1]} features do not fit {self.features}")
        self.metric.update(features.cpu(), real=False)
        self.count += len(features)

    def of(self, features: Tensor) -> float:
        """From the reference to these alone, (n, d); what was added before is forgotten."""
        self.reset()
        self.add(features)
        return self.distance()

    def distance(self) -> float:
        """From the reference to what was added since `reset`: 0 or more; ValueError unless these
        are two pictures at least. Below d pictures Σ₂ is singular: the number is too large."""
        if self.count < 2:
            raise ValueError(f"{self.count} images have no covariance: at least two are needed")
        return max(0.0, self.metric.compute().item())  # rounding may go below


def check_features(features: Tensor) -> None:
    """ValueError unless these are (n, d) finite numbers."""
    if features.dim() != 2:
        raise ValueError(f"features are (n, d), not {tuple(features.shape)}")
    if not features.isfinite().all():
        raise ValueError("features must be finite numbers")
