"""Files that are written for the user to start from."""
