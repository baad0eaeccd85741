"""Published tables as text, for the tests of the checker.

DCWP_SELECTION is the selection example of 6 RCNY 5-301. Its counts were checked by their sums: the
intersectional counts add up to the sex table in all four numbers, and to the race table in every
race but Hispanic or Latino, which is the rule's own slip. Rates and ratios of the intersectional
table are rounded here from the counts. DCWP_SCORING holds the rows of the rule's scoring example
that could be verified. The other two are the counts of FAIRNESS.md.
"""

from __future__ import annotations

DCWP_SELECTION = """\
Table,Category,# of Applicants,# Selected,Selection Rate,Impact Ratio,Unknown
Sex,Male,1390,667,48%,1.00,250
Sex,Female,1181,555,47%,.979,250
Race/Ethnicity,Hispanic or Latino,408,204,50%,.97,250
Race/Ethnicity,White (Not Hispanic or Latino),797,412,52%,1.00,250
Race/Ethnicity,Black or African American (Not Hispanic or Latino),390,170,44%,.84,250
Race/Ethnicity,Native Hawaiian or Pacific Islander (Not Hispanic or Latino),119,52,44%,.85,250
Race/Ethnicity,Asian (Not Hispanic or Latino),616,302,49%,.95,250
Race/Ethnicity,Native American or Alaska Native (Not Hispanic or Latino),41,18,44%,.85,250
Race/Ethnicity,Two or More Races (Not Hispanic or Latino),213,96,45%,.87,250
Intersectional,Male Hispanic or Latino,205,90,43.9%,.841,250
Intersectional,Female Hispanic or Latino,190,82,43.2%,.827,250
Intersectional,Male White,412,215,52.2%,1.000,250
Intersectional,Male Black or African American,226,95,42.0%,.806,250
Intersectional,Male Native Hawaiian or Pacific Islander,87,37,42.5%,.815,250
Intersectional,Male Asian,321,167,52.0%,.997,250
Intersectional,Male Native American or Alaska Native,24,11,45.8%,.878,250
Intersectional,Male Two or More Races,115,52,45.2%,.866,250
Intersectional,Female White,385,197,51.2%,.981,250
Intersectional,Female Black or African American,164,75,45.7%,.876,250
Intersectional,Female Native Hawaiian or Pacific Islander,32,15,46.9%,.898,250
Intersectional,Female Asian,295,135,45.8%,.877,250
Intersectional,Female Native American or Alaska Native,17,7,41.2%,.789,250
Intersectional,Female Two or More Races,98,44,44.9%,.860,250
"""

DCWP_SCORING = """\
table,category,# of applicants,scoring rate,impact ratio,unknown
sex,Male,92,54.3%,1.00,15
sex,Female,76,44.7%,0.82,15
race,Hispanic or Latino,28,64.2%,1.00,15
race,White (Not Hispanic or Latino),40,37.5%,0.58,15
race,Black or African American (Not Hispanic or Latino),32,50.0%,0.78,15
race,Native Hawaiian or Pacific Islander (Not Hispanic or Latino),8,62.5%,0.97,15
race,Asian (Not Hispanic or Latino),24,41.7%,0.65,15
"""

STAYA = """\
table,race_ethnicity,sex,applicants,selected,impact_ratio
sex,,Male,980,37,1.0
sex,,Female,1885,61,.8571
race,Hispanic or Latino,,65,4,.4718
race,White,,379,18,.3641
race,Black or African American,,130,12,.7077
race,Native Hawaiian or Other Pacific Islander,,23,3,1
race,Asian,,95,7,.5649
race,American Indian or Alaska Native,,0,0,0
race,Two or More Races,,0,0,0
sex,,Unknown,4853,,
"""

ADP = """\
table,race_ethnicity,applicants,selected,rate,impact_ratio
race,Asian,692402,268583,.388,.934
race,Black or African American,2374766,969379,.408,.983
race,Hispanic or Latino,1646306,678113,.412,.992
race,Two or More Races,371327,154249,.415,1.000
race,White,3587705,1470600,.410,.987
race,American Indian or Alaska Native,44790,20129,.449,
race,Native Hawaiian or Other Pacific Islander,26195,12309,.470,
"""

HIREDSCORE = """\
table,race_ethnicity,sex,applicants,selected,impact_ratio,unknown
sex,Total,Female,413984,187287,.922167,76549
sex,Total,Male,531604,260797,1.000000,76549
intersectional,Asian,Female,93585,42483,.908134,76549
intersectional,Black or African American,Female,80263,36584,.911836,76549
intersectional,Hispanic or Latino,Female,43871,18901,.861883,76549
intersectional,White,Female,161096,72921,.905543,76549
intersectional,Asian,Male,125088,62528,1.000000,76549
intersectional,Black or African American,Male,79835,38520,.965237,76549
intersectional,Hispanic or Latino,Male,60950,27862,.914492,76549
intersectional,White,Male,219137,107177,.978424,76549
"""
