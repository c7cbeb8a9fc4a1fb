"""What can be put under a cell: outputs, progress, placeholders. Knows no picture of ours."""
