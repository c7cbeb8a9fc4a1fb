"""The paintbox: what `painter` works with. Backdrops, subjects, letters, styles."""
