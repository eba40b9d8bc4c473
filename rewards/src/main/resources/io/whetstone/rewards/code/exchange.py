load("__main__")
