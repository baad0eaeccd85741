"""One face or voice against many: search of a gallery of unit vectors. See docs/gallery-search.md.

Vectors are in memory only; a gallery is filled from sealed templates and never written out.
"""

from identity.gallery.gallery import Gallery, Hit, Rules, bytes_needed
from identity.gallery.kept import Galleries

__all__ = ["Galleries", "Gallery", "Hit", "Rules", "bytes_needed"]
