"""Pipeline: the stations worked by hand, a step at a time, on real servers."""
