"""Several samplers from the same noise, in the order of the true t: lanes, races, forks."""

from explorer.race.breaks import lane_from
from explorer.race.fork import fork, spread, spreads
from explorer.race.lanes import Lane, ddim, ddpm, lane_of
from explorer.race.run import LaneFrame, Race, choose_labels, pictures, race
from explorer.race.runner import Racer

__all__ = ["Lane", "LaneFrame", "Race", "Racer", "choose_labels", "ddim", "ddpm", "fork",
           "lane_from", "lane_of", "pictures", "race", "spread", "spreads"]  # fmt: skip
