"""Name lists of the invented people and places. Any likeness to a real person is chance."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    """
    Ada Amir Anouk Ayesha Beatriz Björn Bruno Carys Chloé Dara Dmitri Edda Eamon Elif Emeka Esmé Farah Felix
    Fintan Freya Gael Giulia Hana Hugo Ife Imani Ines Iris Ivo Jamal Jana Jory Juno Kaia Kenji Kofi Lena Lia
    Łucja Luca Maeve Malik Mara Mateo Mei Milo Nadia Niamh Noor Nuria Olu Omar Orla Otis Paloma Petra Piet
    Priya Quinn Rafael Rhea Rohan Rosa Sana Sefa Selma Siân Sol Soraya Tarek Tess Theo Tilda Tomás Uma Una
    Veda Viggo Wanda Wren Xiadani Yara Yusuf Zadie Zoë
    """
)

FAMILY = _words(
    """
    Abara Almeida Ashdown Bell Bjarnason Brook Calloway Castellan D'Arcy Dunmore Eastlake Eriksen Farrow
    Fenwick Ferreira Galloway Garrick Hadley Halloran Harrow Holloway Ibarra Ilves Jansson Kaminski Kerrigan
    Kobayashi Lindqvist Lovell Marsh Mbeki Merrick Mistry Moss Nakamura Núñez Nightingale O'Neil O'Brien
    Okafor Okonski Oyelaran Pemberton Penhaligon Quill Quintero Ramaswamy Redfern Rosario Sato Sinclair
    Solano Strand Tarn Thackeray Tremaine Umar Vance Varga Vasquez Wexford Whitlock Winslow Wójcik Yamada
    Yilmaz Zielinski Smith-Jones van-der-Berg
    """
)

MIDDLE = ("Alex", "Blue", "Casey Lee", "Drew", "Jo", "Kit", "Lou", "Max", "Ray", "Sky")
PRONOUNS = ("she/her", "he/him", "they/them", "ze/zir")
PLACES = (
    "Birch Harbor", "Stone Valley", "Westmere", "Maple Bend", "Cedar Reach", "Stony Ford", "Larkspur", "Willow Run",
    "Amber Lake", "Fox Hollow", "Granite Pass", "Juniper", "Silver Creek", "Oak Grange", "Heron Point", "Moss Landing",
)  # fmt: skip
LEVELS = ("Elementary", "High", "Middle")

# (title, code, subject, subject code); the codes are in the manner of SCED course codes, and invented.
COURSES = (
    ("Mathematics", "MAT", "Mathematics", "02001"),
    ("English Language Arts", "ELA", "English", "01001"),
    ("Biology", "BIO", "Life Science", "03051"),
    ("World History", "HIS", "Social Studies", "04051"),
    ("Spanish", "SPA", "World Languages", "06101"),
    ("Physical Education", "PE", "Physical Education", "08001"),
    ("Studio Art", "ART", "Fine Arts", "05151"),
    ("Computer Science", "CS", "Computer Science", "10011"),
    ("Physics", "PHY", "Physical Science", "03151"),
    ("Choir & Band", "MUS", "Music", "05101"),
)
