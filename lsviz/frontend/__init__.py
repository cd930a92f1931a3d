"""What an app needs in the browser: the picture, the stored map, spoken names, links, files, answers, the lecturer's switch.

Nothing is fetched.
"""

from .controls import Access, Download, LectureMode, Link, OwnPicture, Store
from .map import Map
from .picture import Picture

__all__ = ["Access", "Download", "LectureMode", "Link", "Map", "OwnPicture", "Picture", "Store"]
