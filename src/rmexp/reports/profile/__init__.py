"""The pages of one data set and of several."""
