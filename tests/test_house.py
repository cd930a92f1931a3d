"""The house rules that no single module can hold: floors, thin notebooks, one list of dependencies, links, light imports."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ADDRESS = PROJECT["project"]["urls"]["Repository"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.name for path in NOTEBOOKS]

HEAVY = ("numpy", "scipy", "xarray", "pandas", "matplotlib", "ipywidgets", "IPython", "h5py", "torch", "e3nn", "typer")
CONDA_NAMES = {"dask-core": "dask", "matplotlib-base": "matplotlib", "pytorch-cpu": "torch"}  # where conda's name is not PyPI's
CONDA_ONLY = {"python", "pip", "hatchling"}  # what it takes to install lsviz itself, without its dependencies


def tool(name, *words, **options):
    """Run one of the tools installed beside this Python."""
    path = shutil.which(name, path=os.path.dirname(sys.executable)) or name
    return subprocess.run([path, *words], cwd=ROOT, capture_output=True, text=True, **options)


def tracked(pattern):
    """The files that git knows of and match the pattern; in a copy without git, all that match."""
    done = subprocess.run(["git", "ls-files", "-z", pattern], cwd=ROOT, capture_output=True, text=True)
    names = done.stdout.split("\0") if done.returncode == 0 else [str(p.relative_to(ROOT)) for p in ROOT.rglob(pattern)]
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


# --- floors and style -------------------------------------------------------------------------------------------------


def test_imports_keep_to_the_floors():
    done = tool("lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_floor_can_be_broken(tmp_path):
    """The contracts are not vacuous: a copy in which compute imports matplotlib is refused."""
    shutil.copytree(ROOT / "lsviz", tmp_path / "lsviz", ignore=shutil.ignore_patterns("store", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "lsviz" / "losses.py").open("a", encoding="utf-8") as file:
        file.write("\nimport matplotlib\nfrom lsviz import live\n")
    script = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Compute knows no view BROKEN" in done.stdout
    assert "Imports go downstairs only BROKEN" in done.stdout


def test_ruff():
    done = tool("ruff", "check", "--output-format=concise", ".")
    assert done.returncode == 0, done.stdout


def test_types():
    done = tool("mypy")
    assert done.returncode == 0, done.stdout


# numba's cache sees a change in a kernel's own file alone: what a kernel calls must stand beside it, or old code would go on running.
TOGETHER = {"lsviz/packing/kernels.py"}


def test_files_stay_readable():
    lengths = {str(p.relative_to(ROOT)): p.read_text("utf-8").count("\n") for p in tracked("lsviz/*.py")}
    long = {name: n for name, n in lengths.items() if n > 400 and name not in TOGETHER}
    assert not long, f"more than 400 lines; make a folder of the same name: {long}"


def test_no_annotations_import():
    """jaxtyping reads annotations when a module is imported; postponed ones would go unchecked."""
    guilty = [p.name for p in tracked("lsviz/*.py") if "from __future__ import annotations" in p.read_text("utf-8")]
    assert not guilty


# --- notebooks ---------------------------------------------------------------------------------------------------------


def code_cells(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def code(path):
    return "\n\n".join("".join(cell["source"]) for cell in code_cells(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_lessons_are_thin(path):
    lines = [line for line in code(path).splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(lines) <= 45, f"{len(lines)} lines of code; what grows belongs into the package"
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Global)
    found = [type(node).__name__ for node in ast.walk(ast.parse(code(path))) if isinstance(node, kinds)]
    assert not found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_lessons_assert_their_numbers(path):
    asserts = [node for node in ast.walk(ast.parse(code(path))) if isinstance(node, ast.Assert)]
    assert len(asserts) >= 3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_lessons_are_stored_without_outputs(path):
    for cell in code_cells(path):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    whole = json.loads(path.read_text(encoding="utf-8"))
    assert "widgets" not in whole["metadata"]
    assert whole["metadata"]["kernelspec"]["name"] == "python3"
    assert not any(cell.get("attachments") for cell in whole["cells"])


# --- what an import loads ----------------------------------------------------------------------------------------------


def modules_after(source):
    """The top-level modules in sys.modules after running `source` in a fresh interpreter."""
    script = f"{source}\nimport sys, json\nprint('\\n' + json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_lsviz_loads_nothing_heavy():
    loaded = modules_after("import lsviz")
    assert "lsviz" in loaded
    assert not loaded & set(HEAVY)


def test_the_listing_of_experiments_needs_no_torch_and_no_view():
    loaded = modules_after("import lsviz.experiment as e\nfor name in e.names(): e.get(name)")
    assert not loaded & {"torch", "e3nn", "matplotlib", "ipywidgets", "IPython"}


def test_an_experiment_on_dense_networks_runs_without_torch():
    loaded = modules_after("from lsviz import jamming\njamming.network_jamming(P=20, d=5, h=2, budget=2, seeds=2)")
    assert "numpy" in loaded
    assert not loaded & {"torch", "e3nn"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_imports_of_a_lesson_load_no_torch(path):
    """Torch and e3nn wait until something computes with them: the first screen of a lesson does not."""
    imports = [node for node in ast.walk(ast.parse(code(path))) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert imports
    loaded = modules_after("\n".join(map(ast.unparse, imports)))
    assert not loaded & {"torch", "e3nn", "dask", "zarr"}


# --- dependencies: pyproject, conda, constraints -----------------------------------------------------------------------


def requirements(*extras):
    """pyproject's requirements by name: the core and the named extras."""
    lists = [PROJECT["project"]["dependencies"], *(PROJECT["project"]["optional-dependencies"][extra] for extra in extras)]
    found = [Requirement(line) for lines in lists for line in lines]
    return {canonicalize_name(r.name): r for r in found if r.name != "lsviz"}


def conda():
    """The entries of environment.yml by conda's name, as match specs."""
    from rattler import MatchSpec

    entries = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert all(isinstance(entry, str) for entry in entries), "no pip section: it would rebuild at each commit"
    return {entry.split()[0]: MatchSpec(entry) for entry in entries}


def test_the_two_environment_files_are_one():
    root, binder = ROOT / "environment.yml", ROOT / "binder" / "environment.yml"
    assert not binder.is_symlink()
    assert root.read_bytes() == binder.read_bytes()


def test_conda_has_the_same_set_as_pyproject():
    wanted = requirements("torch", "e3nn", "sweep")
    given = {CONDA_NAMES.get(name, name): spec for name, spec in conda().items() if name not in CONDA_ONLY}
    assert set(given) == set(wanted)
    for name, spec in given.items():
        assert spec.version.replace(" ", "") == str(wanted[name].specifier), name


def test_conda_entries_are_satisfied_by_what_is_installed():
    from rattler import Version, VersionSpec

    for name, spec in conda().items():
        if spec.version is None:
            continue
        installed = sys.version.split()[0] if name == "python" else metadata.version(CONDA_NAMES.get(name, name))
        if name == "python" and sys.version_info[:2] != (3, 11):
            continue  # the environment pins one Python; the tests run on several
        assert VersionSpec(spec.version).matches(Version(installed)), f"{spec} but {installed} is installed"


def test_constraints_pin_what_is_installed():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    for name in requirements("torch", "e3nn", "sweep", "dev"):
        assert pins.get(name) == metadata.version(name).split("+")[0], name
    assert "torchvision" not in pins


def test_what_is_imported_is_declared():
    known = {"lsviz", "jupyter_server", "nbformat", "tornado"} | set(sys.stdlib_module_names)  # the middle ones come with voila
    declared = {r.replace("-", "_") for r in requirements("torch", "e3nn", "sweep")} | {"PIL", "IPython"}
    for path in tracked("lsviz/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            for name in names:
                assert name.split(".")[0] in known | declared, f"{path.name} imports {name}"


def test_repo2docker_reads_all_three_files(tmp_path):
    """Its exit code proves nothing (it is 0 for an empty folder), so the Dockerfile is read."""
    shutil.copytree(ROOT / "binder", tmp_path / "binder")
    shutil.copy(ROOT / "environment.yml", tmp_path)
    done = tool("jupyter-repo2docker", "--no-build", "--debug", str(tmp_path), env={**os.environ, "NO_COLOR": "1"})
    dockerfile = done.stdout + done.stderr
    assert re.search(r"env update -p \S+ --file \"binder/environment.yml\"", dockerfile)
    assert "RUN ./binder/postBuild" in dockerfile
    assert 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in dockerfile
    assert "py-2d3-2e11" in dockerfile, "the Python of environment.yml was not understood"


@pytest.mark.skipif(os.name == "nt", reason="there are no executable bits there")
@pytest.mark.parametrize("name", ["binder/postBuild", "binder/start", ".ci/run"])
def test_scripts_can_be_run(name):
    assert os.access(ROOT / name, os.X_OK)
    done = subprocess.run(["bash", "-n", name], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_binder_start_sets_one_thread_and_hands_over():
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    show = "import os; print(os.environ['OPENBLAS_NUM_THREADS'], os.environ['JUPYTER_PATH'])"
    done = subprocess.run(
        [ROOT / "binder" / "start", "python", "-c", show], capture_output=True, text=True, env={**os.environ, "PATH": path}
    )
    threads, templates = done.stdout.split(maxsplit=1)
    assert threads == "1"
    assert (Path(templates.split(os.pathsep)[0].strip()) / "voila" / "templates" / "lsviz").is_dir()


# --- words and links ---------------------------------------------------------------------------------------------------


def links(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"https?://[^\s)>\]\"'`]+", text)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_point_somewhere(name):
    slug = ADDRESS.removeprefix("https://github.com/")
    for link in links(name):
        if link.startswith(("http://", "https://")):
            here = "lsviz" in link or "mybinder.org" in link
            assert not here or slug in link, f"{link} is not at {ADDRESS}"
        elif not link.startswith("#"):
            assert (ROOT / link.split("#")[0]).exists(), link


def test_readme_offers_binder_lab_and_voila():
    slug = ADDRESS.removeprefix("https://github.com/")
    found = " ".join(links("README.md"))
    assert f"https://mybinder.org/v2/gh/{slug}/" in found
    assert "urlpath=lab" in found
    assert "urlpath=voila" in found


def test_the_repository_address_stands_once():
    """In pyproject; beside it only in what cannot read pyproject, and the same there."""
    allowed = {"pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff"}
    slug = ADDRESS.removeprefix("https://")
    for pattern in ("*.py", "*.toml", "*.yml", "*.ipynb", "*.md", "*.js", "*.html", "*.cff"):
        for path in tracked(pattern):
            if str(path.relative_to(ROOT)) not in allowed:
                assert slug not in path.read_text(encoding="utf-8"), path
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["repository-code"] == ADDRESS


def test_citation_is_complete():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["license"] == PROJECT["project"]["license"] == "MIT"
    assert citation["version"] == metadata.version("lsviz")
    assert len(citation["references"]) >= 5
    assert all(re.fullmatch(r"10\.\d{4,}/\S+", paper["doi"]) for paper in citation["references"])


def test_readme_has_the_map_of_the_talk():
    from lsviz.lesson import catalog

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [f"{entry.name}.ipynb" for entry in catalog.lessons() if entry.here] == NAMES
    for entry in catalog.lessons():
        title = f"[{entry.title}](notebooks/{entry.name}.ipynb)" if entry.here else entry.title
        assert f"| {entry.number} | {title} | {entry.claim} | {entry.minutes if entry.here else 'to come'} |" in text


# --- how tests run ------------------------------------------------------------------------------------------------------


def test_no_test_is_left_out():
    """What needs a browser or holds times stands where the Makefile looks for it."""
    words = re.compile(r"mark\.(browser|times)\b")
    found = {p.name for p in (ROOT / "tests").glob("*.py") if words.search(p.read_text("utf-8"))}
    assert found and all(name.startswith("test_browser") for name in found)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for words in ('-m "not browser"', '-m "browser and not times" tests/test_browser*.py', "-m times tests/test_browser*.py"):
        assert words in makefile


# --- annotations ------------------------------------------------------------------------------------------------------


def test_annotations_are_checked_with_and_without_arrays():
    """While tests run: a plain argument, a plain result, an array's shape, and shapes that must agree with each other."""
    import beartype
    import jaxtyping
    import numpy as np
    from jaxtyping import Float

    from lsviz import losses, network, xp
    from lsviz.jamming import count

    assert all(hasattr(one, "__wrapped__") for one in (xp.namespace, network.Dense.forward, losses.force, count.gaps))

    checked = jaxtyping.jaxtyped(typechecker=beartype.beartype(conf=beartype.BeartypeConf(violation_type=TypeError)))

    @checked
    def plain(n: int, *, word: str = "") -> str:
        return word or n

    @checked
    def shaped(x: Float[np.ndarray, " N"], y: Float[np.ndarray, " N"]) -> Float[np.ndarray, ""]:
        return np.asarray(x @ y)

    assert plain(1, word="one") == "one" and shaped(np.ones(3), np.ones(3)) == 3
    for wrong in (lambda: plain("1", word="one"), lambda: plain(1, word=1), lambda: plain(1), lambda: shaped(np.ones(3), np.ones(2))):
        with pytest.raises(TypeError, match=r"(?i)type"):
            wrong()
