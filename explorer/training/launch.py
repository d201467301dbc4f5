"""`accelerate launch --cpu --num_processes N`: the processes that it asks for but does not start.

On GPUs `accelerate launch` starts all processes of a machine. On CPUs it prepares the environment
for several and leaves starting them to MPI; without MPI one process would train alone.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import psutil

LAUNCHERS = ("launch", "launch.py", "accelerate-launch", "accelerate.commands.launch")
"""What the parent's command line calls it; its options follow."""
INTERRUPTED = 130


def asked_for() -> Namespace | None:
    """What `accelerate launch` was told, if several CPU processes are still to be started.

    Its settings stand in no environment variable, so they are read from the parent's command
    line. ValueError if several are asked for but that cannot be read.
    """
    several = "ACCELERATE_USE_CPU" in os.environ and "MASTER_ADDR" in os.environ
    if not several or any(name in os.environ for name in ("WORLD_SIZE", "PMI_SIZE", "LOCAL_RANK")):
        return None
    from accelerate.commands.launch import launch_command_parser

    words = psutil.Process().parent().cmdline()
    try:
        begin = next(i for i, word in enumerate(words) if Path(word).name in LAUNCHERS)
        settings, _ = launch_command_parser().parse_known_args(words[begin + 1 :])
        if settings.num_processes is None:  # then it stands in a file of accelerate's
            raise StopIteration
    except (StopIteration, SystemExit, psutil.Error) as error:
        raise ValueError(
            "accelerate asks for several CPU processes but starts only one: say how many on its "
            "command line, accelerate launch --num_processes 2 --cpu -m explorer train …"
        ) from error
    return settings if settings.num_processes > 1 else None


def start(settings: Namespace, words: Sequence[str]) -> int:
    """Start this machine's share of the processes; the first failure's exit code, or 0."""
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import get_args_parser, run

    machines = settings.num_machines or 1
    arguments = get_args_parser().parse_args(
        [
            *("--nproc_per_node", str(settings.num_processes // machines)),
            *("--nnodes", str(machines), "--node_rank", str(settings.machine_rank or 0)),
            *("--master_addr", settings.main_process_ip or "127.0.0.1"),
            *("--master_port", str(settings.main_process_port or _free_port())),
            *("-m", "explorer", *words),
        ]
    )
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        os.environ.pop(name, None)
    try:
        run(arguments)
    except ChildFailedError as error:
        return max(1, error.get_first_failure()[1].exitcode)
    except SignalException:  # passed on to the processes, which have saved and said so
        return INTERRUPTED
    return 0


def _free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
