"""What `rmexp report` is made of: the page of a run, that of several, their index, and watching them."""
