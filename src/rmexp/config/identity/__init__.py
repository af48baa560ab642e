"""What makes two configurations the same run, whatever version wrote them."""
