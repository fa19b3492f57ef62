"""The words that masks are made of. Pure data; any likeness to a real person is chance."""

from __future__ import annotations

from itertools import product


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    """
    Adela Alaric Amina Anselm Ariadne Astrid Aurelio Basil Bettina Birger Bram Callum Camila Cato Celeste Clara Cosmo
    Cyril Dalia Damaris Darius Delia Edith Edwin Eira Elias Elodie Elsa Emil Enid Ernesto Estela Ezra Fabian Fatima
    Fiona Flora Florian Frida Gideon Greta Gustav Hazel Hector Helena Henrik Hilda Ida Ignatius Ilse Isidora Jasper
    Joaquin Jonas Josefa Julian Kamil Katya Kilian Lars Laszlo Leila Leonora Linus Lorena Ludo Magnus Malina Marisol
    Matthias Melina Mina Minh Mirela Nestor Nia Nico Nils Odette Olga Oskar Ottilie Paavo Paulina Perla Phoebe Quentin
    Ramona Raoul Renata Ruben Rufus Sabina Samira Saskia Sebastian Signe Silas Simone Sunniva Sven Tamsin Tariq Tatiana
    Thalia Thora Tobias Ulrich Ursula Valentin Vera Vilma Vincent Violet Wilma Winifred Xenia Yannick Yvette Zelda Zora
    """
)

FAMILY = tuple(
    map(
        "".join,
        product(
            _words(
                "Alder Barn Bram Carl Cress Dray Elm Fern Gar Hart Kess Lang Mar Nether Oxen Pel Quar Rook Stan Wad"
            ),
            _words("beck bourne by combe cote croft den field ford ham holt hurst ley mere ridge shaw stead stow wick"),
        ),
    )
)

PLACES = tuple(f"{name} {kind}" for name in ("North", "South", "Upper", "Lower") for kind in ("Vale", "Quay", "Ings"))

REMARKS = (
    "Handed in on time.",
    "Please check the last part again.",
    "Well explained.",
    "The second half is missing.",
    "Ask about this in the next lesson.",
    "Better than the last one.",
)

SCHOOL_WORDS = frozenset(
    _words(
        """
        a accelerated access activity advanced adv advisory agriculture algebra all am american an anatomy ancient and
        ap applied arabic architecture art arts assessment assignment astronomy at attendance ballet band basic basics
        biochemistry biological biology block botany boys british business by calculus career careers ceramics chapter
        chemistry chinese choir chorus citizenship civics class classwork club code coding college communication
        community composition computer computers computing concert core counseling course creative culinary culture
        current dance data debate design development digital discussion drafting drama drawing dual early earth
        eastern ecology economics education educational effort eighth el ela elective electronics elementary eleventh
        energy engineering english entrepreneurship environmental environments esl essay essentials ethics european
        evening exam exams experiment extra fail fall fashion fifth film final finance financial fine first fitness food
        foods for foreign forensic foundations fourth french freshman friday from functions general genetics geography
        geology geometry german girls global government grade grammar graphic graphics greek group guidance guitar gym
        handwriting health high hindi history home homeroom homework honors hour hs human humanities ib ict
        ii iii improvement in incomplete independent industrial industry integrated interior intermediate international
        intervention intro introduction introductory is it italian iv japanese jazz journal journalism junior
        kindergarten korean lab laboratory language languages latin leadership learning lesson level library life
        lifetime lit literacy literature lower lunch management mandarin marketing math mathematics maths mechanics
        media medieval middle midterm mixed modern module monday morning mr mrs ms music mx national natural new ninth
        no not novel nursing nutrition of on one online or orchestra organic painting paper part pass pe percussion
        performance performing period philosophy photography phys physical physics physiology piano plan play plus pm
        poetry political politics practice pre precalculus prep presentation primary probability problem problems
        procedures production programming project projects proficient prose psychology public quarter quiz quizzes
        reading recreation religion religious remedial report research review robotics room russian saturday school
        science sciences second section semester seminar senior seventh sewing shop sign sixth skills social society
        sociology software solo sophomore spanish special speech spelling sport sports spring stage statistics stem
        strategies strings studies studio study summer sunday support survey swimming symphonic team technical
        technology tenth term test testing tests the theater theatre theory third thursday to topics training
        trigonometry tuesday tutorial twelfth two unit united upper us v varsity vi video vii viii visual vocabulary
        vocal vocational wednesday week weight welding wellness western winter woodworking work workshop world writing
        year yearbook yoga youth zoology
        """
    )
)
"""Words of titles that tell of nobody: what stands beside them may be a name."""
