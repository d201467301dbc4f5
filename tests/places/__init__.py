"""The app and the commands in rough places: accounts, proxies, terminals, folders."""
