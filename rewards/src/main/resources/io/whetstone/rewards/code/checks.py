# Runs the completion's code, then the tests in the same module, and proves with a word that came
# only after the code had been run that the tests ended. Code that knows this file can forge that.
import os


def proven(write, read):
    module = load("__main__")
    write(3, b"\n")
    while read(4, 1):
        pass
    pieces = []
    while True:
        piece = read(5, 1 << 16)
        if not piece:
            break
        pieces.append(piece)
    proof, tests = b"".join(pieces).split(b"\n", 1)
    try:
        exec(compile(tests, "tests.py", "exec", dont_inherit=True), module)
    except SystemExit as end:
        # unittest.main() ends so; the completion's code must not.
        frame = end.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_filename == "main.py":
                raise SystemExit(1)
            frame = frame.tb_next
        if end.code is not None and end.code != 0:
            raise
    write(3, proof)


proven(os.write, os.read)
