"""Tables for person names (judgement.md 2)."""

NOBODY = frozenset("va various diverse aavv unknown anonymous nn anonym anonyme".split())
NOBODY_PHRASES = frozenset(
    ("various authors", "various artists", "aa vv", "n n", "v a", "unknown author", "div")
)
CORPORATE = frozenset(
    "inc ltd llc gmbh corp corporation company press verlag publishing publishers publications "
    "society university institute association foundation department ministry museum committee "
    "council editors staff bbc".split()
)
HONORIFICS = frozenset("dr prof sir dame lord lady rev reverend mr mrs ms".split())
SUFFIXES = {
    "jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "ii", "iii": "iii", "iv": "iv",
    "v": "v", "fils": "fils", "pere": "pere",
}  # fmt: skip
DEGREES = frozenset("phd md esq mba ma bsc msc dds".split())

# In front of the family name and part of it when compared.
PARTICLES = frozenset(
    "van von de di da dos af zu le la du des del el al ibn bin st den der ter ten della delle "
    "degli do das y".split()
)
# Lower-case ones that go behind the given name when a name is inverted.
BEHIND = frozenset("van von de di da dos af zu den der ter ten".split())

DOUBLE_SURNAMES = frozenset(
    "garcia vargas perez ruiz lopez martinez gonzalez rodriguez fernandez sanchez ramirez torres "
    "gomez diaz hernandez jimenez moreno alvarez munoz romero alonso gutierrez navarro dominguez "
    "vazquez ramos gil serrano blanco molina morales suarez ortega delgado castro ortiz rubio "
    "marin sanz iglesias medina garrido cortes castillo santos guerrero lozano cano prieto mendez "
    "calvo cruz gallego vidal leon herrera marquez pena flores cabrera campos vega fuentes "
    "carrasco caballero reyes nieto aguilar santana lorenzo montero hidalgo gimenez ibanez ferrer "
    "duran santiago benitez mora vicente arias vargas carmona crespo roman pastor soto saez "
    "velasco moya soler parra bravo gallardo rojas".split()
)

NICKNAMES: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "andrew andy drew",
        "robert rob bob bobby robbie bert", "william will bill billy willy liam",
        "richard rick dick rich ricky", "james jim jimmy jamie",
        "john jack johnny jon", "jonathan jon",
        "joseph joe joey", "thomas tom tommy", "michael mike mick mickey", "christopher chris kit",
        "christine chris christina tina", "daniel dan danny",
        "david dave davy", "edward ed eddie ted ned",
        "theodore ted theo teddy", "elizabeth liz beth betty lizzie eliza bess libby",
        "margaret maggie meg peggy", "katherine catherine kathryn kate kathy katie cathy katy",
        "susan sue suzy susie", "susanna susan suzanne", "samuel sam sammy", "samantha sam",
        "stephen steven steve", "anthony tony", "benjamin ben benny", "charles charlie chuck",
        "frederick fred freddy", "gregory greg", "kenneth ken kenny", "lawrence larry laurence",
        "matthew matt", "nicholas nick nicky", "patrick pat paddy", "patricia pat patty tricia",
        "peter pete", "philip phil phillip", "raymond ray", "ronald ron ronnie", "timothy tim",
        "vincent vince vinny", "walter walt", "zachary zach zack", "alexander alex sandy sasha",
        "alexandra alex sandra sasha", "alfred alf fred",
        "albert al bert", "arthur art", "barbara barb",
        "deborah debbie debra", "dorothy dot dottie", "douglas doug", "eleanor nell ellie nora",
        "francis frank", "franklin frank", "gabriel gabe", "gerald gerry jerry", "harold harry hal",
        "henry harry hank", "jacob jake", "jeffrey jeff geoff geoffrey", "jennifer jen jenny",
        "jessica jess jessie", "joanne jo", "joanna jo", "josephine jo josie", "joshua josh",
        "judith judy", "leonard len leo lenny", "louis lou", "martin marty", "maximilian max",
        "nathaniel nathan nate", "pamela pam", "rebecca becky becca", "russell russ",
        "sarah sally", "sebastian seb", "stanley stan", "terence terry", "theresa tess terry",
        "valerie val", "victor vic", "victoria vicky", "virginia ginny", "fyodor fjodor fedor",
        "lev leo", "johann hans johannes", "friedrich fritz", "wilhelm willi",
    )
)  # fmt: skip

ROLE_WORDS = frozenset(
    "translator translated narrator narrated editor edited illustrator illustrated foreword "
    "afterword introduction contributor adapter photographer colorist letterer inker reader "
    "ubersetzer herausgeber sprecher erzahler traducteur traductor vertaler".split()
)
READ_BY = (
    "read by ",
    "narrated by ",
    "gelesen von ",
    "translated by ",
    "illustrated by ",
    "edited by ",
)
MORE = frozenset(("etc", "et al", "u a", "et alii", "and others", "und andere"))
