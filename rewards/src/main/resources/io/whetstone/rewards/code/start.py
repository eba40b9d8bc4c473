# Put in front of the other programs here. Does what Python's site module does that programs rely
# on; Python runs without it, for the .pth files it reads can cost more time than all else.
import builtins
import sys
import _sitebuiltins

builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D")
builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D")
sys.path += sys.argv[1:]
sys.argv[:] = ["main.py"]


def load(name):
    """Runs the completion's code as a module of that name."""
    module = type(sys)(name)
    module.__file__ = "main.py"
    module.__builtins__ = builtins
    sys.modules[name] = module
    with open("main.py", encoding="utf-8") as file:
        code = compile(file.read(), "main.py", "exec", dont_inherit=True)
    exec(code, module.__dict__)
    return module.__dict__


