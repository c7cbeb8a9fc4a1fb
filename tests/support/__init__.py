"""What the tests share: doors, shells, servers, pictures, and workers of other processes."""
