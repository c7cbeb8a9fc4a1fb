"""What a person holds: pictures, galleries, failures, history, and how they show themselves."""
