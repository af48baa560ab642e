"""Parts of users: how they are named, and where in them a mistake was made."""
