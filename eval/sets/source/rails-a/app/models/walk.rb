class Walk < ApplicationRecord
  belongs_to :user
  has_many :comments, dependent: :destroy

  scope :published, -> { where(published: true) }

  def self.near(lat, lon)
    published.where("abs(lat - ?) < 0.2 and abs(lon - ?) < 0.2", lat, lon)
  end

  def to_gpx
    "<gpx></gpx>"
  end
end
