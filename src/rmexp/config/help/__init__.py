"""What a command line says of itself: pages of help, hints for flags that there are not, completion of words."""
