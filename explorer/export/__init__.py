"""A race to take away: GIF, WebP, filmstrip, numbers, a script, a capsule that replays."""
