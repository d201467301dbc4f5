"""What a run and a network are described by. Nothing here imports torch until it is used.

So the command line can say what it takes without waiting for it.
"""
