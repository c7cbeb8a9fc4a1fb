"""A notebook with its pictures in one file, for a class."""
